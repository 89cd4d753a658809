import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { LoadClient } from "../harness/load-client.ts";
import { runTroupe, type TroupeRun } from "../harness/run-troupe.ts";
import { answerRoute, clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { TmuxTerminal } from "../harness/tmux-terminal.ts";

const MAIN = path.resolve(import.meta.dirname, "../..", process.env.TROUPE_MAIN ?? "actors/main.ts");

/** A line of a trace. A message that comes while another is handled is queued first. */
const TRACED = String.raw`[\d:.]{12} {2}(?:handled {4}\w+ {2}[\d.]+ ms|(?:queued {5}|coalesced {2})\w+)\n`;
const TWO_TRACED = new RegExp(`^${TRACED}${TRACED}2 messages; that many were asked for$`, "m");

const config = (text: string, clusters: readonly string[] = []): object =>
  sampleBootstrap({
    listeners: [{ routes: [answerRoute(text)] }],
    clusters: clusters.map((name) => sampleCluster(name, [])),
  });

describe("The commands of a running proxy", () => {
  let proxy: RunningProxy;
  before(async () => {
    proxy = await startProxy({ config: config("one"), concurrency: 2 });
  });
  after(() => proxy?.kill());

  const troupe = (...args: readonly string[]): Promise<TroupeRun> =>
    runTroupe([...args, "--admin", `127.0.0.1:${proxy.adminPort}`]);

  /** `troupe top` in a terminal that is closed with the test. */
  function top(t: TestContext): TmuxTerminal {
    const terminal = new TmuxTerminal(`'${process.execPath}' '${MAIN}' top --admin 127.0.0.1:${proxy.adminPort}`);
    t.after(() => terminal.close());
    return terminal;
  }

  async function startLoad(t: TestContext): Promise<void> {
    const load = await LoadClient.start({ port: proxy.port(), connections: 4, thinkTimeMs: 10 });
    t.after(() => load.stop());
  }

  it("show live numbers on a terminal, take keys, and restore it on q", async (t) => {
    await startLoad(t);
    const terminal = top(t);
    await terminal.until(/requests [1-9][\d.,k]*\/s .* connections 4 /);
    await terminal.until(/^worker-2 +running +1 /m);
    assert.equal(terminal.fact("alternate_on"), "1");
    assert.equal(terminal.fact("cursor_flag"), "0");
    terminal.press("2");
    await terminal.until(/^supervisor\/worker-1 +running/m);
    terminal.press("s");
    await terminal.until(/sorted by mailbox/);
    terminal.press("Enter");
    await terminal.until(/^ +handled +\d+/m);
    terminal.press("Escape");
    await terminal.until(/^ACTOR /m);
    terminal.press("q");
    await terminal.until(/^exit code 0$/m);
    assert.equal(terminal.fact("alternate_on"), "0");
    assert.equal(terminal.fact("cursor_flag"), "1");
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it(`restore the terminal on ${signal}`, async (t) => {
      const terminal = top(t);
      await terminal.until(/^worker-1 /m);
      const [pid] = terminal.processIds("top");
      process.kill(pid!, signal);
      await terminal.until(/^exit code 0$/m);
      assert.equal(terminal.fact("alternate_on"), "0");
      assert.equal(terminal.fact("cursor_flag"), "1");
    });
  }

  it("show on the terminal that a worker hangs", async (t) => {
    const terminal = top(t);
    await terminal.until(/^worker-1 /m);
    await proxy.post("/actors/supervisor%2Fworker-1/block?ms=10000");
    await terminal.until(/^worker-1 has not answered for /m);
    await terminal.until(/^worker-1 +running/m);
  });

  /** Any command in a terminal that is closed with the test. */
  function inTerminal(t: TestContext, ...args: readonly string[]): TmuxTerminal {
    const words = [process.execPath, MAIN, ...args, "--admin", `127.0.0.1:${proxy.adminPort}`];
    const terminal = new TmuxTerminal(words.map((word) => `'${word}'`).join(" "));
    t.after(() => terminal.close());
    return terminal;
  }

  it("do their work on a terminal too", async (t) => {
    await startLoad(t);
    const file = path.join(proxy.folder, "on-a-terminal.json");
    writeFileSync(file, JSON.stringify(config("terminal", ["wanted"])));
    const wrong = path.join(proxy.folder, "wrong-on-a-terminal.yaml");
    writeFileSync(wrong, "node: {}\nstatic_resources:\n  clutsers: []\n");
    const runs: readonly (readonly [args: readonly string[], shows: RegExp, exitCode: number])[] = [
      [["actors"], /^ {2}supervisor\/worker-1 /m, 0],
      [["connections", "--limit", "2"], /^ID .*^\d+ +worker-\d +live .*^2 of [2-4] connections/ms, 0],
      [["streams"], /^CONN/m, 0],
      [["pools"], /^CLUSTER +HOST +WORKER/m, 0],
      [["explain", "http://app.example/cart"], /^listener ingress .*\n.*filter chain/m, 0],
      [["trace", "supervisor/worker-1", "--max", "2"], TWO_TRACED, 0],
      [["reload"], /^nothing has changed, still version \d+$/m, 0],
      [["diff", file], /^\+ cluster wanted$/m, 0],
      [["diff", wrong], /^it would be refused: 1 problem$/m, 1],
      [["actors", "--sort", "colour"], /^troupe: sort must be one of/m, 2],
    ];
    const terminals = runs.map(([args, shows, exitCode]) => ({ shows, exitCode, terminal: inTerminal(t, ...args) }));
    for (const { shows, exitCode, terminal } of terminals) {
      const screen = await terminal.until(/^exit code \d$/m, 30_000);
      assert.match(screen, shows);
      assert.match(screen, new RegExp(`^exit code ${exitCode}$`, "m"));
    }
    const check = new TmuxTerminal(`'${process.execPath}' '${MAIN}' config check '${wrong}'`);
    t.after(() => check.close());
    assert.match(await check.until(/^exit code 1$/m, 30_000), /yaml:3:3: static_resources\.clutsers/);
  });

  it("trace an actor as its messages come, until Ctrl-C", async (t) => {
    const terminal = inTerminal(t, "trace", "supervisor/worker-1", "--seconds", "60");
    await terminal.until(/^\d\d:\d\d:\d\d\.\d{3} +handled +flushIntervalPassed +\d+\.\d{3} ms$/m, 30_000);
    terminal.press("C-c");
    await terminal.until(/^(?:\^C)?exit code 0$/m);
    // The proxy has noticed that nobody looks any more.
    await proxy.until("the end of the trace", async () => {
      return (await proxy.post("/actors/supervisor/worker-1/trace?seconds=1&max=1")).status === 200;
    });
  });

  it("trace an actor into a file, as text and as JSON, and say what there is to trace", async () => {
    const text = await troupe("trace", "stats", "--max", "1");
    assert.equal(text.exitCode, 0);
    assert.match(text.stdout, new RegExp(`^${TRACED}1 message; that many were asked for\n$`));
    const json = await troupe("trace", "supervisor/worker-2", "--seconds", "1", "--match", "nothing", "--json");
    assert.deepEqual(JSON.parse(json.stdout), { ended_by: "time", events: 0, skipped: 0 });
    const nobody = await troupe("trace", "supervisor/worker-9");
    assert.deepEqual(
      [nobody.exitCode, nobody.stderr],
      [1, "troupe: no such actor: supervisor/worker-9; /actors lists them (troupe actors)\n"],
    );
    const endless = await troupe("trace", "stats", "--seconds", "100000");
    assert.deepEqual([endless.exitCode, endless.stderr], [2, "troupe: --seconds must be a number from 1 to 300\n"]);
  });

  it("print plain text once where there is no terminal, and JSON on request", async (t) => {
    await startLoad(t);
    const text = await troupe("top");
    assert.equal(text.exitCode, 0);
    assert.match(text.stdout, /requests [1-9][\d.,k]*\/s .*\n\nWORKERS\nWORKER .*\nworker-1 /s);
    assert.doesNotMatch(text.stdout, /\u001b/);
    const json = JSON.parse((await troupe("top", "--json")).stdout);
    assert.equal(json.totals.connections_active, 4);
    assert.ok(json.rates.totals.requests > 0);
  });

  it("list actors, connections, streams and pools, as text and as JSON", async (t) => {
    await startLoad(t);
    assert.match((await troupe("actors")).stdout, /^ {2}supervisor\/worker-1 +worker +worker-1 +running /m);
    assert.match((await troupe("actors", "--filter", "membership")).stdout, /^ {2}ACTOR.*\n {2}membership .*\n\n/);
    assert.equal(JSON.parse((await troupe("connections", "--json")).stdout).connections.length, 4);
    assert.match((await troupe("connections", "--limit", "2")).stdout, /^ID .*\n(?:\d+ .*\n){2}/);
    for (const name of ["streams", "pools"]) assert.ok(name in JSON.parse((await troupe(name, "--json")).stdout));
    const wrong = await troupe("actors", "--sort", "colour");
    assert.deepEqual([wrong.exitCode, wrong.stdout], [2, ""]);
    assert.match(wrong.stderr, /^troupe: sort must be one of /);
  });

  it("say what a configuration would do before it is loaded, and load it", async () => {
    const file = path.join(proxy.folder, "proposed.json");
    writeFileSync(file, JSON.stringify(config("two", ["extra"])));
    const diff = await troupe("diff", file);
    assert.deepEqual(
      [diff.exitCode, diff.stdout],
      [0, "+ cluster extra\n~ routeTable ingress/ingress_routes\nno connection would drain\n"],
    );
    assert.match((await troupe("reload")).stdout, /^nothing has changed, still version 1\n$/);
    proxy.writeConfig(config("two", ["extra"]));
    assert.equal(
      (await troupe("reload")).stdout,
      "in force as version 2\n+ cluster extra\n~ routeTable ingress/ingress_routes\n",
    );
    assert.equal((await troupe("diff", file)).stdout, "nothing would change\nno connection would drain\n");
  });

  it("explain where a request would go, now and on a proposed configuration", async () => {
    const explained = await troupe("explain", "app.example/cart", "--header", "x-a: 1", "--method", "POST");
    assert.equal(explained.exitCode, 0);
    assert.match(explained.stdout, /^on version \d+, as worker-\d has it$/m);
    assert.match(explained.stdout, /route 0, prefix \/: matches/);
    const file = path.join(proxy.folder, "moved.json");
    const routes = [answerRoute("elsewhere", "/moved")];
    writeFileSync(file, JSON.stringify(sampleBootstrap({ listeners: [{ routes }] })));
    const proposed = await troupe("explain", "http://app.example/cart", "--config", file, "--json");
    const { proposed: isProposed, outcome } = JSON.parse(proposed.stdout);
    assert.equal(isProposed, true);
    assert.equal(outcome.tried[0].why_not, "path /cart does not match prefix /moved");
    const wrong = await troupe("explain", "x", "--source", "nowhere");
    assert.deepEqual([wrong.exitCode, wrong.stderr], [1, "troupe: source: must be an IP address, or ip:port\n"]);
  });

  it("name the line of a file that would be refused, and exit with 1", async () => {
    const file = path.join(proxy.folder, "wrong.yaml");
    writeFileSync(file, "node:\n  id: a\nstatic_resources:\n  clutsers: []\n");
    const diff = await troupe("diff", file);
    assert.equal(diff.exitCode, 1);
    assert.match(diff.stdout, /^it would be refused: 1 problem\n.*\/wrong\.yaml:4:3: static_resources\.clutsers: /);
    assert.equal(JSON.parse((await troupe("diff", file, "--json")).stdout).outcome, "rejected");
    proxy.writeConfig("static_resources: { clutsers: [] }");
    const reload = await troupe("reload");
    assert.equal(reload.exitCode, 1);
    assert.match(reload.stdout, /^refused; the configuration before stays in force\n.*config\.json:1:\d+: /);
    const check = await runTroupe(["config", "check", file]);
    assert.equal(check.exitCode, 1);
    assert.match(check.stdout, /wrong\.yaml:4:3: /);
    assert.equal((await runTroupe(["config", "check", path.join(proxy.folder, "proposed.json")])).exitCode, 0);
  });

  it("find the proxy by the file that it wrote its address to", async () => {
    const run = await runTroupe(["actors", "--admin-address-path", path.join(proxy.folder, "admin-address")]);
    assert.equal(run.exitCode, 0);
    assert.match(run.stdout, /supervisor/);
  });

  it("say what to do where there is no proxy, and exit with 3", async () => {
    for (const command of ["top", "actors", "reload"]) {
      const run = await runTroupe([command, "--admin", "127.0.0.1:1"]);
      assert.deepEqual([run.exitCode, run.stdout], [3, ""]);
      assert.match(run.stderr, /^troupe: no proxy answers at 127\.0\.0\.1:1 \(connection refused\)\. Is it running/);
    }
  });

  it("exit with 2 for a file that is not there or a wrong address", async () => {
    const missing = await troupe("diff", "/no/such/file.yaml");
    assert.equal(missing.exitCode, 2);
    assert.equal(missing.stderr, "troupe: /no/such/file.yaml can't be read: there is no such file\n");
    const endless = await troupe("diff", "/dev/zero");
    assert.equal(endless.exitCode, 2);
    assert.equal(endless.stderr, "troupe: /dev/zero is larger than 48 MiB, which no configuration may be\n");
    assert.equal((await runTroupe(["actors", "--admin", "nonsense"])).exitCode, 2);
    assert.equal((await runTroupe(["actors", "--admin", "1", "--admin-address-path", "x"])).exitCode, 2);
  });
});

describe("The commands of a proxy that keeps hosts out of use", () => {
  it("say which hosts, and why", async (t) => {
    const upstream = await FakeUpstream.start(answering("no", 503));
    t.after(() => upstream.close());
    const cluster = sampleCluster("api", [loopback(upstream.port)], {
      common_lb_config: { healthy_panic_threshold: { value: 0 } },
      outlier_detection: { consecutive_5xx: 1, base_ejection_time: "300s", max_ejection_percent: 100 },
    });
    const proxy = await startTestProxy(t, {
      config: sampleBootstrap({ listeners: [{ routes: [clusterRoute("api")] }], clusters: [cluster] }),
    });
    await proxy.until("the ejection of the host", async () => {
      const answer = await fetch(`http://127.0.0.1:${proxy.port()}/`);
      return (await answer.text()).startsWith("no healthy upstream");
    });
    const where = ["--admin", `127.0.0.1:${proxy.adminPort}`];
    const terminal = new TmuxTerminal(`'${process.execPath}' '${MAIN}' top ${where.join(" ")}`);
    t.after(() => terminal.close());
    await terminal.until(/^worker-1 /m, 30_000);
    terminal.press("3");
    await terminal.until(/^api +.* 0\/1/m);
    terminal.press("Enter");
    await terminal.until(
      /^ +127\.0\.0\.1:\d+ +ejected by outlier detection [\d.]+ m?s ago \(CONSECUTIVE_5XX, back in /m,
    );
    const { stdout } = await runTroupe(["membership", ...where]);
    assert.match(stdout, new RegExp(`^api +127\\.0\\.0\\.1:${upstream.port} +CONSECUTIVE_5XX +[\\d.]+ ?m?s ago`, "m"));
    const membership = JSON.parse((await runTroupe(["membership", "--json", ...where])).stdout);
    assert.equal(membership.clusters[0].outlier.ejections[0].reason, "CONSECUTIVE_5XX");
    const explained = await runTroupe(["explain", "http://a.test/", ...where]);
    assert.match(explained.stdout, /unhealthy +failed_outlier_check/);
    assert.match(
      (await proxy.admin("/clusters")).body,
      /^api::127\.0\.0\.1:\d+::health_flags::\/failed_outlier_check$/m,
    );
  });
});
