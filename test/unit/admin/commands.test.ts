import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin, tellAdmin } from "../../harness/ask-admin.ts";
import { SampleProxy, sampleWorker } from "../../harness/sample-admin-views.ts";

describe("/logging", () => {
  it("shows the levels", async () => {
    const { body } = await askAdmin(new SampleProxy(), "/logging");
    assert.equal(body, "active loggers:\n  admin: info\n  http: info\n\n");
  });

  it("changes one, several or all levels", async () => {
    const proxy = new SampleProxy();
    assert.match((await tellAdmin(proxy, "/logging?http=warn")).body, /^ {2}http: warning$/m);
    assert.match(
      (await tellAdmin(proxy, "/logging?paths=http:debug,admin:off")).body,
      / {2}admin: off\n {2}http: debug\n/,
    );
    assert.match((await tellAdmin(proxy, "/logging?level=error")).body, / {2}admin: error\n {2}http: error\n/);
  });

  const bad = [
    { name: "an unknown level", query: "level=loud", problem: "unknown logger level" },
    { name: "an unknown component", query: "nope=info", problem: "unknown logger name" },
    {
      name: "one unknown component among known ones",
      query: "paths=http:debug,nope:info",
      problem: "unknown logger name",
    },
    { name: "a pair without a level", query: "paths=http", problem: "empty logger name or empty logger level" },
    { name: "two parameters", query: "level=info&http=info", problem: "invalid number of parameters" },
  ];
  for (const { name, query, problem } of bad) {
    it(`refuses ${name} and changes nothing`, async () => {
      const proxy = new SampleProxy();
      const answer = await tellAdmin(proxy, `/logging?${query}`);
      assert.equal(answer.status, 400);
      assert.ok(answer.body.startsWith(`error: ${problem}\n\nusage: `), answer.body);
      assert.deepEqual([...proxy.levels.values()], ["info", "info"]);
    });
  }

  it("changes nothing by GET", async () => {
    const proxy = new SampleProxy();
    assert.equal((await askAdmin(proxy, "/logging?level=off")).status, 405);
    assert.equal(proxy.levels.get("http"), "info");
  });
});

describe("Commands", () => {
  const rows = [
    { target: "/healthcheck/fail", call: { failing: true } },
    { target: "/healthcheck/ok", call: { failing: false } },
    { target: "/quitquitquit", call: "quit" },
    { target: "/reopen_logs", call: "reopenLogs" },
    { target: "/drain_listeners", call: { graceful: false, skipExit: false, inboundOnly: false } },
    { target: "/drain_listeners?graceful&inboundonly", call: { graceful: true, skipExit: false, inboundOnly: true } },
    { target: "/drain_listeners?graceful&skip_exit", call: { graceful: true, skipExit: true, inboundOnly: false } },
    { target: "/workers?count=3", call: { count: 3 } },
  ];
  for (const { target, call } of rows) {
    it(`does POST ${target}`, async () => {
      const proxy = new SampleProxy();
      const answer = await tellAdmin(proxy, target);
      assert.deepEqual([answer.status, answer.body], [200, "OK\n"]);
      assert.deepEqual(proxy.calls, [call]);
    });
  }

  it("refuses skip_exit without graceful", async () => {
    const proxy = new SampleProxy();
    const answer = await tellAdmin(proxy, "/drain_listeners?skip_exit");
    assert.deepEqual([answer.status, answer.body, proxy.calls], [400, "skip_exit requires graceful\n", []]);
  });

  it("refuses a number of workers that makes no sense", async () => {
    for (const count of ["", "0", "-1", "1.5", "1025", "99999999", "x", "0x2"]) {
      const proxy = new SampleProxy();
      assert.equal((await tellAdmin(proxy, `/workers?count=${count}`)).status, 400, count);
      assert.deepEqual(proxy.calls, []);
    }
  });

  it("changes the number of workers by POST only", async () => {
    const answer = await askAdmin(new SampleProxy(), "/workers?count=3");
    assert.equal(answer.status, 405);
    assert.equal(answer.body, "Method GET not allowed, POST required.\n");
  });
});

describe("/workers", () => {
  const proxy = new SampleProxy();
  proxy.workers = [sampleWorker(), sampleWorker({ name: "worker-1", answering: false, reportAgeMs: 2000 })];

  it("shows the workers as a table", async () => {
    assert.equal(
      (await askAdmin(proxy, "/workers")).body,
      `concurrency: 2

WORKER    STATUS   SNAPSHOT  CONNECTIONS  RESTARTS  ANSWERING
worker-0  running  7         3            0         yes
worker-1  running  7         3            0         no, for 2.0 s
`,
    );
  });

  it("answers in JSON", async () => {
    const { workers } = (await askAdmin(proxy, "/workers?format=json")).json() as { workers: object[] };
    assert.deepEqual(workers[1], {
      name: "worker-1",
      status: "running",
      snapshot_version: 7,
      connections: 3,
      restarts: 0,
      answering: false,
      report_age_ms: 2000,
    });
  });
});

describe("Commands that hurt actors", () => {
  it("are there only in debug mode", async () => {
    for (const target of ["/actors/worker-0/crash", "/actors/supervisor%2Fworker-0/block?ms=100"]) {
      const sample = new SampleProxy();
      assert.equal((await tellAdmin(sample, target)).status, 405);
      assert.deepEqual(sample.calls, []);
      assert.equal((await tellAdmin(sample, target, { debugEndpoints: true })).status, 200);
      assert.equal(sample.calls.length, 1);
    }
  });

  it("find actors by their path and say if there is none", async () => {
    const sample = new SampleProxy();
    const debugEndpoints = true;
    await tellAdmin(sample, "/actors/supervisor/worker-0/block?ms=100", { debugEndpoints });
    assert.deepEqual(sample.calls, [{ block: "supervisor/worker-0", durationMs: 100 }]);
    const answer = await tellAdmin(sample, "/actors/nobody/crash", { debugEndpoints });
    assert.deepEqual(
      [answer.status, answer.body],
      [404, "no such actor: nobody; /actors lists them (troupe actors)\n"],
    );
    assert.equal((await tellAdmin(sample, "/actors//crash", { debugEndpoints })).status, 405);
    assert.equal((await tellAdmin(sample, "/actors/worker-0/block?ms=60001", { debugEndpoints })).status, 400);
    assert.equal((await askAdmin(sample, "/actors/worker-0/crash", { debugEndpoints })).status, 405);
  });
});

describe("/config_status", () => {
  it("shows what is in force and why the last attempt failed", async () => {
    assert.equal(
      (await askAdmin(new SampleProxy(), "/config_status")).body,
      `source:   /etc/troupe.yaml
version:  7, in force since 1970-01-01T00:00:00.000Z
applied:  7
rejected: 1
worker-0: version 7

last attempt: 1970-01-01T00:00:01.000Z (SIGHUP)
rejected: 1 problem
troupe.yaml:3:5: clusters[0].nmae: unknown field
`,
    );
  });

  it("answers in JSON", async () => {
    const page = (await askAdmin(new SampleProxy(), "/config_status?format=json")).json() as Record<string, unknown>;
    assert.equal(page.version, 7);
    assert.deepEqual(page.last_attempt, {
      at: "1970-01-01T00:00:01.000Z",
      trigger: "SIGHUP",
      outcome: "rejected",
      problems: ["troupe.yaml:3:5: clusters[0].nmae: unknown field"],
    });
  });
});

describe("/config/reload", () => {
  it("says what changed", async () => {
    const proxy = new SampleProxy();
    proxy.reloadOutcome = {
      type: "applied",
      version: 8,
      changes: [{ kind: "cluster", name: "web", change: "changed" }],
    };
    const answer = await tellAdmin(proxy, "/config/reload");
    assert.deepEqual(
      [answer.status, answer.body],
      [200, "applied as version 8\nCHANGE   KIND     NAME\nchanged  cluster  web\n"],
    );
  });

  it("says that nothing changed", async () => {
    const answer = await tellAdmin(new SampleProxy(), "/config/reload");
    assert.deepEqual([answer.status, answer.body], [200, "unchanged, still version 7\n"]);
  });

  it("answers 400 with all problems of a bad configuration", async () => {
    const proxy = new SampleProxy();
    proxy.reloadOutcome = { type: "rejected", problems: ["a", "b"] };
    const answer = await tellAdmin(proxy, "/config/reload?format=json");
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json(), { outcome: "rejected", problems: ["a", "b"] });
  });
});

describe("/config/dry_run", () => {
  it("tries the body, or else the file", async () => {
    const proxy = new SampleProxy();
    const form = { "content-type": "application/x-www-form-urlencoded" };
    await tellAdmin(proxy, "/config/dry_run");
    await tellAdmin(proxy, "/config/dry_run", { body: "format=text", headers: form });
    await tellAdmin(proxy, "/config/dry_run", { body: "admin: {}\n" });
    await tellAdmin(proxy, "/config/dry_run", { body: "admin: {}\n", headers: form });
    assert.deepEqual(proxy.calls, [
      { dryRun: undefined },
      { dryRun: undefined },
      { dryRun: "admin: {}\n" },
      { dryRun: "admin: {}\n" },
    ]);
  });

  it("says what would change and drain, and who could not tell", async () => {
    const proxy = new SampleProxy();
    proxy.dryRunOutcome = {
      type: "valid",
      changes: [{ kind: "listener", name: "ingress", change: "removed" }],
      drains: [{ worker: "worker-0", connections: 12 }],
      missingWorkers: ["worker-1"],
    };
    assert.equal(
      (await tellAdmin(proxy, "/config/dry_run")).body,
      `CHANGE   KIND      NAME
removed  listener  ingress

WORKER    CONNECTIONS TO DRAIN
worker-0  12
partial: worker-1 did not say what it would drain
`,
    );
  });

  it("says when nothing would happen", async () => {
    assert.equal(
      (await tellAdmin(new SampleProxy(), "/config/dry_run")).body,
      "nothing changes\n\nno connection would drain\n",
    );
  });

  it("answers 400 for a bad configuration", async () => {
    const proxy = new SampleProxy();
    proxy.dryRunOutcome = { type: "rejected", problems: ["x"] };
    const answer = await tellAdmin(proxy, "/config/dry_run", { body: "x: 1" });
    assert.deepEqual([answer.status, answer.body], [400, "rejected: 1 problem\nx\n"]);
  });
});

describe("/runtime", () => {
  it("shows the layers and the values that win", async () => {
    assert.deepEqual((await askAdmin(new SampleProxy(), "/runtime")).json(), {
      layers: ["static", "admin"],
      entries: {
        "a.b": { final_value: "1", layer_values: ["1", ""] },
        c: { final_value: "x", layer_values: ["", "x"] },
      },
    });
  });

  it("is changed by a POST to /runtime_modify, if there is an admin layer", async () => {
    const proxy = new SampleProxy();
    assert.equal((await tellAdmin(proxy, "/runtime_modify?c=y&d=1")).body, "OK\n");
    assert.deepEqual(
      [...proxy.runtimeOverrides!],
      [
        ["c", "y"],
        ["d", "1"],
      ],
    );
    assert.equal((await askAdmin(proxy, "/runtime_modify?c=z")).status, 405);
    proxy.runtimeOverrides = null;
    const answer = await tellAdmin(proxy, "/runtime_modify?c=z");
    assert.deepEqual([answer.status, answer.body], [503, "No admin layer specified"]);
  });

  it("answers 400 to a /runtime_modify that says nothing", async () => {
    const answer = await tellAdmin(new SampleProxy(), "/runtime_modify");
    assert.deepEqual(
      [answer.status, answer.body],
      [400, "usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN\n"],
    );
  });
});
