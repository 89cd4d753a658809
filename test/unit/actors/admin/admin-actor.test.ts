import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import http from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { adminSpec } from "../../../../actors/admin/actor.ts";
import type { AdminLimits } from "../../../../actors/admin/admin-server.ts";
import { AdminStats } from "../../../../actors/admin/admin-stats.ts";
import type { AdminAddress } from "../../../../actors/admin/protocol.ts";
import { ActorSystem } from "../../../../src/actor/actor-system.ts";
import { type AdminHandler, textResponse } from "../../../../src/admin/admin-handler.ts";
import { AdminRouter } from "../../../../src/admin/admin-router.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import { nextTurn } from "../../../../src/base/turn.ts";
import { MAX_CONFIG_BYTES } from "../../../../src/config/source/open-source.ts";
import type { Address } from "../../../../src/net/address.ts";
import { fixedRandom } from "../../../harness/actor-world.ts";
import { adminRequest } from "../../../harness/admin-request.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";

const LOOPBACK: Address = { type: "ip", ip: "127.0.0.1", port: 0 };

interface Setting {
  readonly handlers?: readonly AdminHandler[];
  readonly address?: Address;
  readonly limits?: Partial<AdminLimits>;
}

/** An admin actor on a real socket, with time that stands still. */
async function startAdmin(t: TestContext, { handlers = [], address = LOOPBACK, limits = {} }: Setting) {
  const clock = new FakeClock();
  const system = new ActorSystem({
    thread: "main",
    clock,
    timers: clock.timers,
    random: fixedRandom(0),
    log: silentLogger,
    schedule: nextTurn,
  });
  const stats = new RecordingStats();
  const router = new AdminRouter(handlers, {
    guard: { allowedHosts: [], checkHost: address.type === "ip" },
    allowsPath: () => true,
    notAnswering: () => [],
  });
  const watching = () => ({ clients: 0, samples: 0 });
  const admin = system.spawn(adminSpec({ address, router, stats: new AdminStats(stats), limits, watching }));
  t.after(() => system.shutdown(1000));
  const where: AdminAddress = await admin.ask({ type: "getAdminAddress" }, 30_000);
  const port = where.type === "listening" && where.address.type === "ip" ? where.address.port : 0;
  const ask = (path: string, more: { method?: string; body?: string } = {}) =>
    adminRequest({ port, path, deadlineMs: 30_000, ...more });
  return { clock, system, stats, where, port, ask };
}

function page(path: string, handle: AdminHandler["handle"], more: Partial<AdminHandler> = {}): AdminHandler {
  return { path, access: "both", help: "", handle, ...more };
}

describe("Admin actor", () => {
  it("serves pages over HTTP and counts them", async (t) => {
    const hello = page("/hello", ({ params }) => textResponse(200, `hello ${params.get("name")}`));
    const { ask, stats } = await startAdmin(t, { handlers: [hello] });
    const answer = await ask("/hello?name=you");
    assert.deepEqual([answer.status, answer.body], [200, "hello you"]);
    assert.equal(answer.headers["content-length"], "9");
    assert.equal((await ask("/nope")).status, 404);
    assert.equal(stats.value("http.admin.downstream_rq_total"), 2);
    assert.equal(stats.value("http.admin.downstream_rq_2xx"), 1);
    assert.equal(stats.value("http.admin.downstream_rq_4xx"), 1);
    assert.equal(stats.value("listener.admin.downstream_cx_total"), 2);
  });

  it("answers HEAD without a body", async (t) => {
    const { ask } = await startAdmin(t, { handlers: [page("/x", () => textResponse(200, "four"))] });
    const answer = await ask("/x", { method: "HEAD" });
    assert.deepEqual([answer.status, answer.headers["content-length"], answer.body], [200, "4", ""]);
  });

  it("hands on the body, and the fields of a form as parameters", async (t) => {
    const echo = page("/echo", ({ params, body }) => textResponse(200, `${params.get("a")} ${body}`));
    const { port } = await startAdmin(t, { handlers: [echo] });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const form = await adminRequest({
      port,
      path: "/echo",
      method: "POST",
      body: "a=1&b=2",
      headers,
      deadlineMs: 30_000,
    });
    assert.equal(form.body, "1 a=1&b=2");
  });

  it("refuses a body beyond the limit", async (t) => {
    let handled = 0;
    const count = page("/x", () => textResponse(200, String(++handled)));
    const { ask } = await startAdmin(t, { handlers: [count], limits: { bodyBytes: 1000 } });
    assert.equal((await ask("/x", { method: "POST", body: "y".repeat(1000) })).status, 200);
    const answer = await ask("/x", { method: "POST", body: "y".repeat(1001) });
    assert.deepEqual([answer.status, answer.body], [413, "the body is longer than 1000 bytes\n"]);
    assert.equal(handled, 1);
  });

  it("holds no more of all bodies together than it may, and takes more when the answers are sent", async (t) => {
    const entered = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const slow = page("/slow", async () => {
      entered.resolve();
      await go.promise;
      return textResponse(200, "done");
    });
    const quick = page("/quick", () => textResponse(200, "ok"));
    const { ask } = await startAdmin(t, { handlers: [slow, quick], limits: { bodyBytes: 1000, allBodiesBytes: 1500 } });
    const first = ask("/slow", { method: "POST", body: "y".repeat(1000) });
    await entered.promise;
    const second = await ask("/quick", { method: "POST", body: "y".repeat(501) });
    assert.deepEqual([second.status, second.body], [503, "too many long requests at once: try again\n"]);
    assert.equal((await ask("/quick", { method: "POST", body: "y".repeat(500) })).status, 200);
    go.resolve();
    assert.equal((await first).status, 200);
    for (let i = 0; i < 3; i++)
      assert.equal((await ask("/quick", { method: "POST", body: "y".repeat(1000) })).status, 200);
  });

  it("takes a configuration as large as a file may have, and no more", async (t) => {
    const size = page("/x", ({ body }) => textResponse(200, String(body.length)));
    const { ask } = await startAdmin(t, { handlers: [size] });
    const whole = Buffer.alloc(MAX_CONFIG_BYTES, "y").toString();
    assert.equal((await ask("/x", { method: "POST", body: whole })).body, String(MAX_CONFIG_BYTES));
    const more = await ask("/x", { method: "POST", body: `${whole}y` });
    assert.deepEqual([more.status, more.body], [413, "the body is longer than 48 MiB\n"]);
  });

  it("refuses a foreign Host", async (t) => {
    const { port } = await startAdmin(t, { handlers: [page("/x", () => textResponse(200, "secret"))] });
    const answer = await adminRequest({ port, path: "/x", headers: { host: "evil.example" }, deadlineMs: 30_000 });
    assert.equal(answer.status, 403);
    assert.doesNotMatch(answer.body, /secret/);
  });

  it("gives up on a page that takes longer than its deadline", async (t) => {
    const entered = Promise.withResolvers<void>();
    const stuck = page(
      "/stuck",
      () => {
        entered.resolve();
        return new Promise(() => {});
      },
      { deadlineMs: 200 },
    );
    const { ask, clock } = await startAdmin(t, { handlers: [stuck] });
    const answer = ask("/stuck");
    await entered.promise;
    await new Promise<void>((resolve) => nextTurn(resolve));
    clock.advance(300);
    assert.equal((await answer).status, 504);
  });

  it("sends a long page whole, piece by piece", async (t) => {
    const pieces = function* () {
      for (let i = 0; i < 200; i++) yield `${i}`.padEnd(50_000, ".");
    };
    const { ask } = await startAdmin(t, { handlers: [page("/long", () => textResponse(200, pieces()))] });
    assert.equal((await ask("/long")).body.length, 200 * 50_000);
  });

  it("makes no more pieces than a slow client takes, and stops when it goes away", async (t) => {
    let made = 0;
    const ended = Promise.withResolvers<void>();
    const endless = async function* () {
      try {
        for (;;) {
          made++;
          yield "x".repeat(1_000_000);
        }
      } finally {
        ended.resolve();
      }
    };
    const { port } = await startAdmin(t, { handlers: [page("/endless", () => textResponse(200, endless()))] });
    const request = http.get({ host: "127.0.0.1", port, path: "/endless", agent: false });
    request.on("error", () => {});
    const response = await new Promise<http.IncomingMessage>((resolve) => request.on("response", resolve));
    response.on("error", () => {});
    response.pause();
    response.destroy();
    await ended.promise;
    assert.ok(made < 100, `${made} pieces`);
  });

  it("cuts the connection when a piece can't be made", async (t) => {
    const broken = function* () {
      yield "x".repeat(100_000);
      throw new Error("broken");
    };
    const { ask } = await startAdmin(t, { handlers: [page("/broken", () => textResponse(200, broken()))] });
    await assert.rejects(ask("/broken"));
    assert.equal((await ask("/nope")).status, 404);
  });

  it("answers bytes that are no HTTP with 400", async (t) => {
    const { port } = await startAdmin(t, {});
    const socket = connect(port, "127.0.0.1");
    const text = await new Promise<string>((resolve, reject) => {
      let all = "";
      socket.on("data", (chunk) => {
        all += chunk.toString();
      });
      socket.on("close", () => resolve(all));
      socket.on("error", reject);
      socket.write("GARBAGE\r\n\r\n");
    });
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it("says why it can't listen, and does not crash over it", async (t) => {
    const first = await startAdmin(t, {});
    const second = await startAdmin(t, { address: { type: "ip", ip: "127.0.0.1", port: first.port } });
    assert.deepEqual(second.where, {
      type: "notListening",
      reason: `admin: cannot listen on 127.0.0.1:${first.port}: address already in use`,
    });
    assert.equal(second.system.tree()[0]?.restarts, 0);
  });

  it("listens on a Unix-domain socket, over one that was left behind", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "troupe-admin-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const address: Address = { type: "pipe", path: join(folder, "admin.sock"), mode: 0o600 };
    const hello = page("/hello", () => textResponse(200, "hi"));
    await startAdmin(t, { address });
    const { where } = await startAdmin(t, { address, handlers: [hello] });
    assert.deepEqual(where, { type: "listening", address });
    assert.equal(statSync(address.path).mode & 0o777, 0o600);
    const status = await new Promise((resolve, reject) => {
      const request = http.get({ socketPath: address.path, path: "/hello", agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject);
    });
    assert.equal(status, 200);
  });

  it("shows its address in the actor tree", async (t) => {
    const { system, port } = await startAdmin(t, {});
    assert.equal(system.tree()[0]?.attributes.address, `127.0.0.1:${port}`);
  });
});
