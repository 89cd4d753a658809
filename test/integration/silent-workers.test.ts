import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type EveryPage, everyPage } from "../harness/every-page.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { answerRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

/** It has no end, and a test of its own. */
const STREAM = "/events";
/** For a machine that has more to do. */
const SPARE_MS = 30_000;

describe("Every page of the admin interface", () => {
  let proxy: RunningProxy;
  const clients: Http1Client[] = [];
  before(async () => {
    proxy = await startProxy({
      config: sampleBootstrap({
        listeners: [{ routes: [answerRoute("ok")] }],
        clusters: [sampleCluster("app", [loopback(1)])],
      }),
      concurrency: 2,
      readyTimeoutMs: 30_000,
    });
    // On both workers.
    for (let i = 0; i < 8; i++) clients.push(await Http1Client.connect(proxy.port()));
  });
  after(async () => {
    for (const client of clients) client.close();
    await proxy?.kill();
  });

  async function expectAnswers(): Promise<void> {
    const { actors } = JSON.parse((await proxy.admin("/actors?format=json&sort=id")).body);
    const ids = actors.map(({ id }: { readonly id: string }) => id);
    const pages = everyPage(ids).filter(({ target }) => target !== STREAM);
    // The forms of one page after each other: the proxy bounds how many of some are made at once.
    const byHandler = Map.groupBy(pages, ({ handler }) => handler);
    await Promise.all(
      [...byHandler.values()].map(async (forms) => {
        for (const form of forms) await expectAnswer(form);
      }),
    );
  }

  async function expectAnswer({ target, handler }: EveryPage): Promise<void> {
    const ask = () => proxy.admin(target, "GET", undefined, (handler.deadlineMs ?? 1000) + SPARE_MS);
    let { status, body } = await ask();
    // What a machine with more to do could not answer in time is asked again; what waits for the worker never can.
    for (let more = 0; status === 504 && more < 3; more++) ({ status, body } = await ask());
    assert.equal(status, 200, `${target}: ${body.slice(0, 200)}`);
    if (target.endsWith("format=json")) JSON.parse(body);
  }

  it("answers within its deadline while a worker hangs", async () => {
    assert.equal((await proxy.post("/actors/supervisor/worker-1/block?ms=60000")).status, 200);
    await proxy.until("the silence of worker-1", async () => {
      const { not_answering: silent } = JSON.parse((await proxy.admin("/actors?format=json")).body);
      return silent.some(({ thread }: { readonly thread: string }) => thread === "worker-1");
    });
    await expectAnswers();
    for (const page of ["/connections", "/streams", "/pools", "/explain/last"]) {
      const { partial, not_answering: silent } = JSON.parse((await proxy.admin(`${page}?format=json`)).body);
      assert.deepEqual([partial, silent[0].worker], [true, "worker-1"], page);
    }
    assert.equal((await proxy.admin("/stats")).headers["x-troupe-not-answering"], "worker-1");
  });

  it("answers within its deadline while a worker that has crashed is not yet back", async () => {
    // The pause before a restart grows with each crash.
    const restarts = async (): Promise<number> => {
      const { actors } = JSON.parse((await proxy.admin("/actors?format=json&filter=worker-2")).body);
      return actors[0].status === "running" ? actors[0].restarts : -1;
    };
    for (let count = 1; count <= 2; count++) {
      assert.equal((await proxy.post("/actors/supervisor/worker-2/crash")).status, 200);
      await proxy.until("the restart", async () => (await restarts()) === count);
    }
    await proxy.post("/actors/supervisor/worker-2/crash");
    await expectAnswers();
  });
});
