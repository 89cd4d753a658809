import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { answerRoute, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

interface Traced {
  readonly actor: string;
  readonly type: string;
  readonly what: string;
}

/** The events of a stream, by their names. */
function eventsOf(body: string): { readonly name: string; readonly data: unknown }[] {
  return [...body.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, name, data]) => ({
    name: name!,
    data: JSON.parse(data!),
  }));
}

describe("Looking at threads", () => {
  let proxy: RunningProxy;
  before(async () => {
    const config = sampleBootstrap({ listeners: [{ routes: [answerRoute("ok")] }] });
    proxy = await startProxy({ config, concurrency: 2, args: ["--enable-heap-snapshots"] });
  });
  after(() => proxy?.kill());

  const post = (target: string) => proxy.post(target);

  for (const id of ["stats", "supervisor/worker-1"]) {
    it(`traces the messages of ${id} until a cap is reached`, async () => {
      const { status, body } = await post(`/actors/${id}/trace?seconds=20&max=3`);
      assert.equal(status, 200);
      const events = eventsOf(body);
      const traced = events.slice(0, -1).map(({ data }) => data as Traced);
      assert.equal(traced.length, 3);
      assert.ok(traced.every(({ actor, type }) => actor === id && type !== ""));
      assert.deepEqual(events.at(-1), { name: "end", data: { ended_by: "count", events: 3, skipped: 0 } });
    });
  }

  it("ends a trace at its time, and keeps to what it is to match", async () => {
    const events = eventsOf((await post("/actors/supervisor/worker-2/trace?seconds=1&max=100&match=nothing")).body);
    assert.deepEqual(events, [{ name: "end", data: { ended_by: "time", events: 0, skipped: 0 } }]);
  });

  it("traces one actor of a thread at a time", async () => {
    const first = post("/actors/stats/trace?seconds=5&max=1000");
    await proxy.until("a refusal", async () => (await post("/actors/admin/trace?seconds=1&max=1")).status === 409);
    assert.equal((await first).status, 200);
    assert.equal((await post("/actors/admin/trace?seconds=1&max=1")).status, 200);
  });

  for (const id of ["supervisor", "supervisor/worker-1"]) {
    it(`takes profiles of the thread of ${id}`, async () => {
      const cpu = JSON.parse((await post(`/actors/${id}/cpuprofile?seconds=1`)).body);
      assert.ok(Array.isArray(cpu.nodes) && Array.isArray(cpu.samples) && cpu.endTime > cpu.startTime);
      const heap = JSON.parse((await post(`/actors/${id}/heapprofile?seconds=1`)).body);
      assert.ok("callFrame" in heap.head && Array.isArray(heap.samples));
    });
  }

  it("takes a snapshot of a worker's heap", async () => {
    const { snapshot, nodes, edges, strings } = JSON.parse(
      (await post("/actors/supervisor/worker-1/heapsnapshot")).body,
    );
    assert.ok(snapshot.node_count > 10_000 && strings.length > 1000);
    // What the loader of Chrome DevTools relies on.
    const { node_fields, edge_fields } = snapshot.meta;
    assert.equal(nodes.length, snapshot.node_count * node_fields.length);
    assert.equal(edges.length, snapshot.edge_count * edge_fields.length);
    const names = nodes.filter(
      (_value: number, index: number) => index % node_fields.length === node_fields.indexOf("name"),
    );
    assert.ok(names.every((name: number) => strings[name] !== undefined));
  });

  it("shows where a blocked worker is stuck, and profiles it", async () => {
    await proxy.post("/actors/worker-1/block?ms=60000");
    let body = "";
    // It is told to block, and does so when it comes to it.
    await proxy.until("the block", async () => {
      ({ body } = await post("/actors/supervisor/worker-1/stack"));
      return /^worker-1 is here:\n(?: {2}at .*\n)*? {2}at #receiveSignal /.test(body);
    });
    assert.match(body, /^worker-1 is here:\n(?: {2}at .*\n)*? {2}at #receiveSignal .*worker\/actor\.ts:\d+:\d+\)\n/i);
    const profile = JSON.parse((await post("/actors/supervisor/worker-1/cpuprofile?seconds=1")).body);
    assert.ok(profile.nodes.length > 0);
    assert.equal((await post("/actors/supervisor/worker-1/trace?seconds=1&max=1")).status, 409);
    assert.match((await post("/actors/supervisor/worker-2/stack")).body, /^worker-2 (?:runs no JavaScript|is here)/);
    assert.equal((await proxy.admin("/ready")).status, 200);
  });
});
