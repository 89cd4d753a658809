import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Http1Client } from "../harness/http1-client.ts";
import { answerRoute, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { moduleFilters, writeModule } from "../unit/extensions/http/module/module-config.ts";

const FAILING = `export function decodeHeaders(stream) {
  switch (stream.request.get(":path")) {
    case "/floating": Promise.reject(new Error("nobody waits")); return;
    case "/nothing": Promise.reject(); return;
    case "/timer": setTimeout(() => { throw new Error("too late"); }, 1); return;
    case "/fetch": fetch("http://127.0.0.1:1/"); return;
    case "/textless": throw Object.create(null);
    case "/never": return new Promise(() => {});
  }
}`;

async function start(t: TestContext): Promise<RunningProxy> {
  const manager = { http_filters: moduleFilters(writeModule(t, FAILING)), stream_idle_timeout: "1s" };
  const config = sampleBootstrap({ listeners: [{ routes: [answerRoute("answered")], manager }] });
  return startTestProxy(t, { config, concurrency: 1 });
}

async function errors(proxy: RunningProxy): Promise<number> {
  const { body } = await proxy.admin("/stats?filter=module.errors");
  return Number(/: (\d+)/.exec(body)?.[1]);
}

describe("What a filter module throws where nobody waits for it", () => {
  for (const [path, status] of [
    ["/floating", 200],
    ["/nothing", 200],
    ["/timer", 200],
    ["/fetch", 200],
    ["/textless", 500],
    ["/never", 408],
  ] as const) {
    it(`costs neither worker nor connection: ${path}`, async (t) => {
      const proxy = await start(t);
      const client = await Http1Client.connect(proxy.port());
      t.after(() => client.close());
      const other = await Http1Client.connect(proxy.port());
      t.after(() => other.close());
      const request = client.send("POST", `POST ${path} HTTP/1.1\r\nhost: t\r\ncontent-length: 1\r\n\r\n`);
      assert.equal((await request).status, status);
      if (path !== "/never") await proxy.until("the count", async () => (await errors(proxy)) === 1);
      assert.equal((await other.request()).body, "answered");
      const { body } = await proxy.admin("/workers?format=json");
      assert.equal(JSON.parse(body).workers[0].restarts, 0);
    });
  }
});
