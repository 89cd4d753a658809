import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { adminRequest } from "../harness/admin-request.ts";
import { startBrowser } from "../harness/browser.ts";
import { runTroupe } from "../harness/run-troupe.ts";
import { answerRoute, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { TmuxTerminal } from "../harness/tmux-terminal.ts";

const MAIN = path.resolve(import.meta.dirname, "../..", process.env.TROUPE_MAIN ?? "actors/main.ts");
const TOKEN = "correct-horse-battery-staple";
const config = (text = "one"): object => sampleBootstrap({ listeners: [{ routes: [answerRoute(text)] }] });

describe("An admin interface that wants a token", () => {
  let proxy: RunningProxy;
  before(async () => {
    proxy = await startProxy({ config: config(), adminToken: TOKEN, readyTimeoutMs: 30_000 });
  });
  after(() => proxy?.kill());

  const ask = (target: string, headers: Record<string, string> = {}, method = "GET") =>
    adminRequest({ port: proxy.adminPort, path: target, method, headers, deadlineMs: 20_000 });
  const troupe = (...args: readonly string[]) => runTroupe([...args, "--admin", `127.0.0.1:${proxy.adminPort}`]);

  it("answers 401 to all who don't bring it, whatever they ask for, and says what it wants", async () => {
    for (const target of ["/ready", "/stats", "/events", "/config_dump", "/endpoints", "/help", "/nope", "/page"]) {
      const { status, headers, body } = await ask(target);
      assert.deepEqual([status, body], [401, "The token of the admin interface is missing or wrong.\n"], target);
      assert.equal(headers["www-authenticate"], 'Bearer realm="troupe admin"');
      assert.equal(headers["cache-control"], "no-cache, max-age=0");
    }
    assert.equal((await ask("/ready", { authorization: `Bearer ${TOKEN}x` })).status, 401);
    assert.equal((await ask("/ready", { authorization: `Bearer ${TOKEN}` })).status, 200);
  });

  it("does nothing for those who don't bring it", async () => {
    for (const target of [
      "/quitquitquit",
      "/drain_listeners",
      "/config/reload",
      "/healthcheck/fail",
      "/workers?count=9",
    ]) {
      assert.equal((await ask(target, {}, "POST")).status, 401, target);
    }
    assert.equal((await proxy.admin("/ready")).body, "LIVE\n");
    assert.match((await proxy.admin("/workers")).body, /^concurrency: 1\n/);
  });

  it("doesn't wait for the body of those who don't bring it", async () => {
    const socket = net.connect(proxy.adminPort, "127.0.0.1");
    let answer = "";
    socket.on("data", (data: Buffer) => {
      answer += data.toString();
    });
    socket.write("POST /config/dry_run HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000000\r\n\r\n");
    await once(socket, "end");
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 401 .*\r\nconnection: close\r\n/is);
  });

  it("still refuses foreign names and other origins to those who bring it", async () => {
    const authorization = `Bearer ${TOKEN}`;
    assert.equal((await ask("/ready", { authorization, host: "evil.example" })).status, 403);
    assert.equal((await ask("/logging", { authorization, origin: "http://evil.example" }, "POST")).status, 403);
  });

  it("answers commands that name the file with it, and tells others what to do", async () => {
    const actors = await troupe("actors", "--admin-token-path", proxy.adminTokenPath);
    assert.equal(actors.exitCode, 0);
    assert.match(actors.stdout, /supervisor\/worker-1/);
    const top = await troupe("top", "--json", "--admin-token-path", proxy.adminTokenPath);
    assert.equal(JSON.parse(top.stdout).state, "LIVE");
    const reload = await troupe("reload", "--admin-token-path", proxy.adminTokenPath);
    assert.equal(reload.stdout, "nothing has changed, still version 1\n");
    for (const [command = "", ...rest] of [
      ["actors"],
      ["top"],
      ["reload"],
      ["explain", "http://a/"],
      ["diff", proxy.configPath],
    ]) {
      const { exitCode, stderr } = await troupe(command, ...rest);
      assert.deepEqual(
        [exitCode, stderr],
        [1, "troupe: this admin interface wants a token: name the file that has it with --admin-token-path FILE\n"],
        command,
      );
    }
    const wrong = path.join(proxy.folder, "wrong-token");
    writeFileSync(wrong, `${TOKEN}x`);
    const refused = await troupe("actors", "--admin-token-path", wrong);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /^troupe: the token is not that of this admin interface/);
  });

  it("lets the web page ask for it", async (t) => {
    const browser = await startBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`http://127.0.0.1:${proxy.adminPort}/#/actors`);
    await page.getByLabel("Bearer token").fill("wrong");
    await page.getByRole("button", { name: "Use it" }).click();
    await page.locator(".connection-unauthorized").waitFor();
    await page.getByLabel("Bearer token").fill(TOKEN);
    await page.getByRole("button", { name: "Use it" }).click();
    await page.locator(".connection-live").waitFor();
    await page.locator('[data-actor="supervisor/worker-1"] .name').click();
    await page.getByText("snapshotVersion").first().waitFor();
  });

  it("doesn't show it anywhere", async () => {
    for (const target of ["/server_info", "/config_dump", "/actors/admin", "/stats", "/help"]) {
      assert.doesNotMatch((await proxy.admin(target, "GET", undefined, 20_000)).body, new RegExp(TOKEN), target);
    }
    assert.doesNotMatch(proxy.logs, new RegExp(TOKEN));
  });
});

describe("A proxy whose token is no token", () => {
  it("does not start, and names the file", async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "troupe-token-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, "config.json");
    writeFileSync(file, JSON.stringify(config()));
    for (const [text, reason] of [
      [undefined, /ENOENT/],
      ["", /the token must have at least 16 characters/],
      ["short\n", /the token must have at least 16 characters/],
      ["a token with white space", /the token may have letters, digits and/],
    ] as const) {
      const token = path.join(folder, "token");
      rmSync(token, { force: true });
      if (text !== undefined) writeFileSync(token, text);
      const { exitCode, stderr } = await runTroupe(["-c", file, "--admin-token-path", token]);
      assert.equal(exitCode, 1);
      assert.ok(stderr.startsWith(`troupe: --admin-token-path: ${token}: `), stderr);
      assert.match(stderr, reason);
    }
  });
});

describe("The commands of a proxy whose admin interface is on a Unix-domain socket", () => {
  it("reach it by unix:PATH, by its path, and by the file that it wrote its address to", async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "troupe-admin-"));
    const socketPath = path.join(folder, "admin.sock");
    const proxy = RunningProxy.spawn({ config: { ...config(), admin: { address: { pipe: { path: socketPath } } } } });
    t.after(async () => {
      await proxy.kill();
      rmSync(folder, { recursive: true });
    });
    await proxy.waitForLog(/ready/, 15_000);
    for (const where of [
      ["--admin", `unix:${socketPath}`],
      ["--admin", socketPath],
      ["--admin-address-path", path.join(proxy.folder, "admin-address")],
    ]) {
      const { exitCode, stdout, stderr } = await runTroupe(["actors", ...where]);
      assert.deepEqual([exitCode, stderr], [0, ""]);
      assert.match(stdout, /supervisor\/worker-1/);
    }
    const terminal = new TmuxTerminal(`'${process.execPath}' '${MAIN}' top --admin 'unix:${socketPath}'`);
    t.after(() => terminal.close());
    await terminal.until(/^worker-1 +running +1 /m);
    const nobody = await runTroupe(["actors", "--admin", `unix:${socketPath}.not`]);
    assert.equal(nobody.exitCode, 3);
    assert.match(nobody.stderr, /no proxy answers at \S+admin\.sock\.not \(there is no such socket\)/);
  });
});
