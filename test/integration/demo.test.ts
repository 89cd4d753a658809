import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { describe, it } from "node:test";
import { demoOptions } from "../../actors/demo/demo-options.ts";
import { demoText } from "../../actors/demo/demo-text.ts";
import { adminRequest } from "../harness/admin-request.ts";
import { ANY_PORTS, RunningDemo } from "../harness/running-demo.ts";
import { PATIENCE_MS, until } from "../harness/until.ts";

const DEADLINE_MS = 20_000;

async function get(port: number, target: string): Promise<{ readonly status: number; readonly body: string }> {
  return adminRequest({ port, path: target, method: "GET", deadlineMs: PATIENCE_MS });
}

describe("The demo", () => {
  it("answers through the proxy, applies an edited file, shows its actors, and exits with 0 on Ctrl-C", async (t) => {
    const demo = new RunningDemo(t, ANY_PORTS);
    const proxy = await demo.proxyPort();
    const admin = await demo.adminPort();
    const configPath = await demo.configPath();

    const first = await get(proxy, "/hello");
    assert.equal(first.status, 200);
    assert.match(first.body, /^(?:harlequin|columbine|pierrot) answers GET \/hello\n$/);

    const [, from, to] = /'s\/(.+)\/(.+)\/'/.exec(await demo.printed(/sed -i ('.+')/)) ?? [];
    const before = readFileSync(configPath, "utf8");
    const after = before.replace(from ?? "", to ?? "");
    assert.notEqual(after, before);
    writeFileSync(configPath, after);
    await until("the reload", () => demo.stderr.includes("configuration in force"), DEADLINE_MS);
    for (let i = 0; i < 6; i++) assert.equal((await get(proxy, "/hello")).body, "pierrot answers GET /hello\n");

    assert.match((await get(admin, "/actors")).body, /worker-1/);

    demo.child.kill("SIGINT");
    assert.equal(await demo.exitCode(), 0);
    assert.equal(existsSync(path.dirname(configPath)), false);
    assert.doesNotMatch(demo.stdout, /\u001b/);
  });

  for (const [flag, other] of [
    ["--proxy-port", "--admin-port"],
    ["--admin-port", "--proxy-port"],
  ] as const) {
    it(`says in one line that the port of ${flag} is taken, and exits with 1`, async (t) => {
      const holder = createServer().listen(0, "127.0.0.1");
      await once(holder, "listening");
      t.after(() => holder.close());
      const address = holder.address();
      assert.ok(address !== null && typeof address === "object");
      const demo = new RunningDemo(t, [flag, String(address.port), other, "0"]);
      assert.equal(await demo.exitCode(), 1);
      assert.equal(
        demo.stderr,
        `troupe: 127.0.0.1:${address.port} is already in use: stop what uses it, or choose another port: npm start -- ${flag} PORT\n`,
      );
      assert.equal(demo.stdout, "");
    });
  }
});

describe("demoOptions", () => {
  it("has the ports that the documentation names", () => {
    assert.deepEqual(demoOptions([]), { proxyPort: 10_000, adminPort: 9901 });
  });

  for (const args of [["--port", "1"], ["--proxy-port", "65536"], ["--proxy-port", "x"], ["10000"]]) {
    it(`refuses ${args.join(" ")}`, () => {
      assert.throws(() => demoOptions(args), {
        name: "CommandLineError",
        message: /^the demo takes --proxy-port PORT/,
      });
    });
  }
});

describe("demoText", () => {
  const facts = {
    proxy: "127.0.0.1:10000",
    admin: "127.0.0.1:9901",
    workers: 2,
    upstreams: [{ name: "harlequin", port: 1234 }],
    configPath: "/tmp/demo.yaml",
  };

  it("says what runs where and three things to try", () => {
    const text = demoText(facts, false);
    for (const line of [
      "  proxy      http://127.0.0.1:10000   2 workers",
      "  admin      http://127.0.0.1:9901",
      "  upstreams  harlequin :1234",
      "  config     /tmp/demo.yaml",
      "       curl -i 127.0.0.1:10000/hello",
      "       sed -i 's/cluster: everyone, /cluster: pierrot, /' /tmp/demo.yaml",
      "       curl 127.0.0.1:9901/actors",
    ]) {
      assert.ok(text.split("\n").includes(line), line);
    }
  });

  it("has colours only when they are asked for", () => {
    assert.doesNotMatch(demoText(facts, false), /\u001b/);
    assert.match(demoText(facts, true), /\u001b\[1mTroupe is running\./);
  });
});
