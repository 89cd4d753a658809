import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { packageVersion } from "../../actors/version.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { runTroupe } from "../harness/run-troupe.ts";
import { answerRoute, loopback, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { moduleFilters, writeModule } from "../unit/extensions/http/module/module-config.ts";

const folder = mkdtempSync(path.join(tmpdir(), "troupe-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function fileWith(config: object | string): string {
  files += 1;
  const file = path.join(folder, `${files}.${typeof config === "string" ? "yaml" : "json"}`);
  writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config));
  return file;
}

const GOOD = { listeners: [{ routes: [answerRoute("hello")] }] };
const BAD = `static_resources:
  clusters:
  - name: app
    connect_timeout: soon
    nmae: app
`;

/** A port that something else listens on until the test ends. */
async function takenPort(t: TestContext): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  t.after(() => holder.close());
  const address = holder.address();
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}

describe("The command line", () => {
  it("prints the version and the help, and exits with 0", async () => {
    const [version, help] = await Promise.all([runTroupe(["--version"]), runTroupe(["--help"])]);
    assert.deepEqual(version, {
      exitCode: 0,
      stdout: `troupe ${packageVersion()} (node ${process.version})\n`,
      stderr: "",
    });
    assert.equal(help.exitCode, 0);
    assert.match(help.stdout, /^ {2}-c, --config-path FILE +\S/m);
  });

  for (const { name, args, stderr } of [
    { name: "an unknown flag", args: ["--concurency", "2"], stderr: /^troupe: .*--concurency.*--concurrency/ },
    { name: "no configuration", args: [], stderr: /^troupe: .*-c FILE/ },
    {
      name: "a missing file",
      args: ["-c", path.join(folder, "none.yaml")],
      stderr: /none\.yaml.*(?:no such file|not)/,
    },
    {
      name: "a bad mode",
      args: ["--mode", "test"],
      stderr: /^troupe: --mode must be one of serve, validate, init_only/,
    },
  ]) {
    it(`says in one message what is wrong with ${name}, and exits with 1`, async () => {
      const run = await runTroupe(args);
      assert.deepEqual([run.exitCode, run.stdout], [1, ""]);
      assert.match(run.stderr, stderr);
      assert.doesNotMatch(run.stderr, /\n {4}at /);
    });
  }

  it("validates a configuration without listening", async (t) => {
    const port = await takenPort(t);
    const file = fileWith(sampleBootstrap({ listeners: [{ address: loopback(port), routes: [answerRoute("a")] }] }));
    const [text, json] = await Promise.all([
      runTroupe(["--mode", "validate", "-c", file]),
      runTroupe(["--mode", "validate", "--format", "json", "-c", file]),
    ]);
    assert.deepEqual(text, { exitCode: 0, stdout: `configuration '${file}' OK\n`, stderr: "" });
    assert.deepEqual([json.exitCode, JSON.parse(json.stdout)], [0, { valid: true, problems: [] }]);
  });

  it("lists all that is wrong with a configuration, with places, as text and as JSON", async () => {
    const file = fileWith(BAD);
    const [text, json] = await Promise.all([
      runTroupe(["--mode", "validate", "-c", file]),
      runTroupe(["--mode", "validate", "--format", "json", "-c", file]),
    ]);
    assert.equal(text.exitCode, 1);
    assert.match(text.stdout, new RegExp(`${file}:4:\\d+: .*connect_timeout`));
    assert.match(text.stdout, new RegExp(`${file}:5:\\d+: .*nmae`));
    assert.match(text.stdout, /refused: \d errors\n$/);
    assert.equal(json.exitCode, 1);
    const { valid, problems } = JSON.parse(json.stdout);
    assert.equal(valid, false);
    const places = problems.map(({ file: at, line }: { file: string; line: number }) => [at, line]);
    assert.deepEqual(places.toSorted(), [
      [file, 4],
      [file, 5],
    ]);
  });

  it("refuses to serve a bad configuration", async () => {
    const run = await runTroupe(["-c", fileWith(BAD)]);
    assert.deepEqual([run.exitCode, run.stdout], [1, ""]);
    assert.match(run.stderr, /^troupe: the configuration is refused\n.*:4:/s);
  });

  it("exits if the configuration can't be served, though a worker is stuck in the code of a filter module", async (t) => {
    const manager = { http_filters: moduleFilters(writeModule(t, "for (;;);\nexport function decodeHeaders() {}")) };
    const config = sampleBootstrap({ listeners: [{ routes: [answerRoute("hello")], manager }] });
    const run = await runTroupe(["-c", fileWith(config), "--concurrency", "1"], { deadlineMs: 60_000 });
    assert.deepEqual([run.exitCode, run.stdout], [1, ""]);
    assert.match(run.stderr, /can't be served: no answer within 10000 ms/);
  });

  it("tries everything under init_only, and exits with 0", async () => {
    const run = await runTroupe(["--mode", "init_only", "-c", fileWith(sampleBootstrap(GOOD))]);
    assert.deepEqual([run.exitCode, run.stdout], [0, ""]);
  });

  it("says in one line which port of a listener is taken, and exits with 1", async (t) => {
    const port = await takenPort(t);
    const config = sampleBootstrap({ listeners: [{ address: loopback(port), routes: [answerRoute("a")] }] });
    const file = fileWith(config);
    const run = await runTroupe(["--concurrency", "2", "-l", "off", "-c", file]);
    assert.equal(run.exitCode, 1);
    assert.equal(
      run.stderr,
      `troupe: ${file} can't be served: cannot bind 127.0.0.1:${port} for listener "ingress": address already in use\n`,
    );
  });

  it("says in one line that the port of the admin is taken, and exits with 1", async (t) => {
    const port = await takenPort(t);
    const config = sampleBootstrap({ ...GOOD, more: { admin: { address: loopback(port) } } });
    const run = await runTroupe(["-l", "off", "-c", fileWith(config)]);
    assert.deepEqual(
      [run.exitCode, run.stderr],
      [1, `troupe: admin: cannot listen on 127.0.0.1:${port}: address already in use\n`],
    );
  });

  it("merges --config-yaml over the file", async (t) => {
    const args = ["--config-yaml", "node: { id: from-the-text }", "--service-cluster", "from-the-flag"];
    const config = sampleBootstrap({ ...GOOD, more: { node: { id: "from-the-file" } } });
    const proxy = await startTestProxy(t, { config, args });
    const { node } = JSON.parse((await proxy.admin("/server_info")).body);
    assert.deepEqual([node.id, node.cluster], ["from-the-text", "from-the-flag"]);
    assert.equal((await requestOnce(proxy.port())).body, "hello");
  });

  it("runs on --config-yaml alone", async () => {
    const config = JSON.stringify(sampleBootstrap(GOOD));
    const run = await runTroupe(["--mode", "init_only", "--config-yaml", config]);
    assert.deepEqual([run.exitCode, run.stdout], [0, ""]);
  });

  it("logs to --log-path, and to a new file after SIGUSR1", async (t) => {
    const log = path.join(folder, "troupe.log");
    const proxy = await startTestProxy(t, { config: sampleBootstrap(GOOD), args: ["--log-path", log] });
    assert.equal(proxy.logs, "");
    assert.match(readFileSync(log, "utf8"), /configuration in force/);
    rmSync(log);
    proxy.child.kill("SIGUSR1");
    await proxy.until("the log file", async () => existsSync(log));
    assert.equal(await proxy.stop(), 0);
    assert.match(readFileSync(log, "utf8"), /stopped/);
  });
});
