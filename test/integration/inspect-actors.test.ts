import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { answerRoute, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

/** What the tests read of JSON answers. */
type Tree = { readonly [key: string]: Tree } & readonly Tree[];

const SECRET = "marked-secret-of-a-header";

const config = (text: string): object =>
  sampleBootstrap({
    listeners: [
      {
        routes: [
          {
            ...answerRoute(text),
            request_headers_to_add: [{ header: { key: "authorization", value: SECRET } }],
          },
        ],
      },
    ],
  });

describe("Looking at the actors of a running proxy", () => {
  let proxy: RunningProxy;
  before(async () => {
    proxy = await startProxy({ config: config("first"), concurrency: 2 });
  });
  after(() => proxy?.kill());

  const json = async (target: string): Promise<Tree> => JSON.parse((await proxy.admin(target)).body) as Tree;
  const events = async (id: string): Promise<readonly { readonly event: string; readonly detail: string }[]> =>
    (await json(`/actors/${id}/history?format=json`)).events as unknown as { event: string; detail: string }[];

  it("shows what each thread uses", async () => {
    let threads: Tree | undefined;
    // A thread that had to wait for a processor is shown as of before.
    await proxy.until("answers of all threads", async () => {
      threads = (await json("/actors?format=json")).threads;
      return threads!.every(({ answering }) => Boolean(answering));
    });
    assert.deepEqual(
      threads!.map(({ thread, answering }) => [thread, answering]),
      [
        ["main", true],
        ["worker-1", true],
        ["worker-2", true],
      ],
    );
    for (const { heap_used_bytes, event_loop_utilization, cpu_user_ms } of threads!) {
      assert.ok(Number(heap_used_bytes) > 1_000_000);
      assert.ok(Number(event_loop_utilization) > 0 && Number(event_loop_utilization) <= 1);
      assert.ok(Number(cpu_user_ms) > 0);
    }
  });

  it("shows the state that each actor describes, without secrets", async () => {
    for (const id of ["supervisor", "supervisor/worker-1", "supervisor/worker-2"]) {
      await proxy.until("its answer", async () => Boolean((await json(`/actors/${id}?format=json`)).answering));
    }
    const supervisor = await json("/actors/supervisor?format=json");
    assert.equal(Number(supervisor.state!.version), 1);
    assert.equal(supervisor.state!.workers!.length, 2);
    const worker = await json("/actors/supervisor/worker-2?format=json");
    assert.equal(Number(worker.state!.snapshotVersion), 1);
    assert.equal(String(worker.state!.dataPlane!.listeners![0]!.name), "ingress");
    for (const id of ["supervisor", "membership", "stats", "admin", "supervisor/worker-1"]) {
      const answer = await proxy.admin(`/actors/${id}?format=json`);
      assert.equal(answer.status, 200, id);
      assert.notEqual((JSON.parse(answer.body) as Tree).state, null, id);
      assert.doesNotMatch(answer.body, new RegExp(SECRET));
    }
  });

  it("lists the last messages of actors here and on other threads", async () => {
    for (const id of ["stats", "supervisor/worker-1"]) {
      const { messages } = await json(`/actors/${id}/messages?format=json`);
      assert.ok(messages!.length > 0, id);
      assert.ok(messages!.every(({ type, outcome }) => String(type) !== "" && String(outcome) === "handled"));
    }
    assert.match((await proxy.admin("/actors/supervisor/worker-1/messages")).body, / commitSnapshot +- /);
  });

  it("counts the dead letters of every thread", async () => {
    let page: Tree | undefined;
    await proxy.until("the answers of all threads", async () => {
      page = await json("/dead_letters?format=json");
      return !page.partial;
    });
    assert.deepEqual(
      page!.threads!.map(({ thread }) => String(thread)),
      ["main", "worker-1", "worker-2"],
    );
  });

  it("remembers versions that were applied and refused, with the path that caused it", async () => {
    proxy.writeConfig(config("second"));
    await proxy.post("/config/reload");
    proxy.writeConfig({ ...config("third"), static_resources: { clusters: [{ nmae: "x" }] } });
    await proxy.post("/config/reload");
    const page = await json("/actors/supervisor/history?format=json");
    const refused = page.events!.find(({ event }) => String(event) === "snapshotRefused");
    assert.equal(String(refused!.place), "static_resources.clusters[0].nmae");
    assert.deepEqual((await events("supervisor/worker-1")).map(({ event, detail }) => `${event} ${detail}`).sort(), [
      "snapshotApplied version 1",
      "snapshotApplied version 2",
      "started serves, on thread 1",
    ]);
  });

  it("remembers that a worker was drained, after it has left", async () => {
    await proxy.post("/workers?count=3");
    await proxy.post("/workers?count=2");
    await proxy.until("the end of worker-3", async () => {
      return (await proxy.admin("/actors/supervisor/worker-3")).status === 404;
    });
    const wanted = ["started", "drained"];
    const happened = (await events("supervisor/worker-3")).map(({ event }) => event);
    assert.deepEqual(
      happened.filter((event) => wanted.includes(event)),
      wanted,
    );
  });

  it("remembers a crash with its stack, and the restart", async () => {
    await proxy.post("/actors/worker-2/crash");
    await proxy.until("the restart of worker-2", async () => {
      return (await events("supervisor/worker-2")).some(({ detail }) => detail === "serves, on thread 2");
    });
    const list = (await json("/actors/supervisor/worker-2/history?format=json")).events!;
    const crash = list.find(({ event }) => String(event) === "crashed");
    assert.match(String(crash!.detail), /^told to crash; restart in \d+ ms$/);
    assert.match(String(crash!.stack), /^Error: told to crash\n {4}at .*worker\/actor\.ts/);
    assert.ok(list.some(({ event }) => String(event) === "restarted"));
    assert.match((await proxy.admin("/actors?sort=restarts")).body.split("\n")[1]!, /supervisor\/worker-2/);
  });

  it("shows the last known state of a blocked worker, and how old it is", async () => {
    await json("/actors/supervisor/worker-1?format=json");
    await proxy.post("/actors/worker-1/block?ms=60000");
    await proxy.until("the silence of worker-1", async () => {
      const { not_answering } = await json("/actors?format=json");
      return not_answering!.some(({ thread }) => String(thread) === "worker-1");
    });
    const page = await json("/actors/supervisor/worker-1?format=json");
    assert.deepEqual([Boolean(page.answering), Number(page.state!.snapshotVersion)], [false, 2]);
    assert.ok(Number(page.age_ms) > 0);
    assert.match(
      (await proxy.admin("/actors/supervisor/worker-1")).body,
      /^partial: it does not answer \(.*\); this is as of .* ago\n/,
    );
    const { threads } = await json("/actors?format=json");
    const blocked = threads!.find(({ thread }) => String(thread) === "worker-1");
    assert.ok(Number(blocked!.event_loop_delay_ms) > 1000);
    assert.equal(blocked!.answering as unknown, false);
    assert.match((await proxy.admin("/dead_letters")).body, /^partial: worker-1 does not answer; /);
    // What is known without asking it needs no answer.
    assert.equal((await proxy.admin("/actors/supervisor/worker-1/history")).status, 200);
  });
});
