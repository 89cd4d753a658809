import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client, requestOnce } from "../harness/http1-client.ts";
import { answerRoute, loopback, pipe, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { ReloadAttempt, RunningProxy, StartProxyOptions } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

/** A configuration that answers with this text. */
const saying = (text: string, more: object = {}) =>
  sampleBootstrap({ listeners: [{ routes: [answerRoute(text)] }], more });

async function start(t: TestContext, options: StartProxyOptions): Promise<RunningProxy> {
  return startTestProxy(t, options);
}

async function connect(t: TestContext, proxy: RunningProxy): Promise<Http1Client> {
  const client = await Http1Client.connect(proxy.port());
  t.after(() => client.close());
  return client;
}

interface ConfigStatus {
  readonly version: number;
  readonly applied: number;
  readonly rejected: number;
  readonly last_attempt: ReloadAttempt;
}

async function configStatus(proxy: RunningProxy): Promise<ConfigStatus> {
  return JSON.parse((await proxy.admin("/config_status?format=json")).body);
}

/** Whether the process has told the kernel that it wants to hear of changed files. */
function watchesFiles({ child }: RunningProxy): boolean {
  const folder = `/proc/${child.pid}/fdinfo`;
  return readdirSync(folder).some((fd) => {
    try {
      return /^inotify wd/m.test(readFileSync(path.join(folder, fd), "utf8"));
    } catch {
      return false; // Closed meanwhile.
    }
  });
}

function reloads(proxy: RunningProxy): number {
  return proxy.logs.match(/configuration (?:in force|unchanged|refused)/g)?.length ?? 0;
}

describe("A changed configuration file", () => {
  for (const { name, change } of [
    { name: "replaced by a rename", change: (proxy: RunningProxy, text: string) => proxy.writeConfig(text) },
    {
      name: "written in place, in several steps",
      change: (proxy: RunningProxy, text: string) => {
        writeFileSync(proxy.configPath, "");
        const half = text.length >> 1;
        writeFileSync(proxy.configPath, text.slice(0, half));
        writeFileSync(proxy.configPath, text.slice(half), { flag: "a" });
      },
    },
    {
      name: "behind a symbolic link that is swapped",
      change: (proxy: RunningProxy, text: string) => {
        const other = path.join(proxy.folder, "other.json");
        writeFileSync(other, text);
        symlinkSync(other, `${proxy.configPath}.link`);
        renameSync(`${proxy.configPath}.link`, proxy.configPath);
      },
    },
    {
      name: "in a folder that is swapped, as Kubernetes does",
      change: (proxy: RunningProxy, text: string) => {
        for (const [version, content] of [
          ["..1", JSON.stringify(saying("before"))],
          ["..2", text],
        ] as const) {
          mkdirSync(path.join(proxy.folder, version));
          writeFileSync(path.join(proxy.folder, version, "config.json"), content);
        }
        const data = path.join(proxy.folder, "..data");
        symlinkSync("..1", data);
        symlinkSync("..data/config.json", `${proxy.configPath}.link`);
        renameSync(`${proxy.configPath}.link`, proxy.configPath);
        symlinkSync("..2", `${data}_tmp`);
        renameSync(`${data}_tmp`, data);
      },
    },
  ]) {
    it(`is applied once when ${name}`, async (t) => {
      const proxy = await start(t, { config: saying("before"), watch: true });
      const client = await connect(t, proxy);
      assert.equal((await client.request()).body, "before");
      change(proxy, JSON.stringify(saying("after")));
      await proxy.until("the reload", async () => (await client.request()).body === "after");
      const last = await proxy.lastReload(2);
      assert.deepEqual([last.trigger, last.outcome], ["file changed", "applied"]);
      await proxy.until("both log lines", async () => reloads(proxy) >= 2);
      assert.equal(reloads(proxy), 2);
    });
  }

  it("is left alone under --no-watch until somebody asks for it", async (t) => {
    const [watching, other] = await Promise.all([
      start(t, { config: saying("before"), watch: true }),
      start(t, { config: saying("before"), watch: false }),
    ]);
    await watching.until("the watch", async () => watchesFiles(watching));
    assert.equal(watchesFiles(other), false);
    other.writeConfig(saying("after"));
    assert.equal((await requestOnce(other.port())).body, "before");
    assert.equal((await other.reload()).status, 200);
    assert.equal((await requestOnce(other.port())).body, "after");
  });
});

describe("A reload", () => {
  it("changes nothing when the configuration says the same in other words", async (t) => {
    const proxy = await start(t, { config: saying("same") });
    const pretty = JSON.stringify(saying("same"), null, 4);
    const answer = await proxy.reload(pretty);
    assert.deepEqual([answer.status, answer.body], [200, "unchanged, still version 1\n"]);
    assert.equal((await configStatus(proxy)).version, 1);
  });

  it("refuses a bad configuration whole, and says where it is bad, on every way there is", async (t) => {
    const proxy = await start(t, { config: saying("good") });
    const client = await connect(t, proxy);
    const bad = `${JSON.stringify(saying("bad"), null, 2).replace('"prefix"', '"prefx"')}`;
    const line = bad.split("\n").findIndex((text) => text.includes("prefx")) + 1;
    const answer = await proxy.reload(bad);
    assert.equal(answer.status, 400);
    const place = `${proxy.configPath}:${line}:`;
    assert.ok(answer.body.includes(place), answer.body);
    const status = await configStatus(proxy);
    assert.deepEqual([status.version, status.applied, status.rejected], [1, 1, 1]);
    assert.equal(status.last_attempt.outcome, "rejected");
    assert.ok(status.last_attempt.problems?.some((problem) => problem.startsWith(place)));
    assert.ok(proxy.logs.includes(place));
    assert.equal((await proxy.stats("^troupe.config")).get("troupe.config.refused"), 1);
    assert.equal((await client.request()).body, "good");
  });

  for (const { name, more } of [
    { name: "admin", more: { admin: { address: loopback(1) } } },
    { name: "node", more: { node: { id: "other" } } },
  ]) {
    it(`refuses by name a change of ${name}, which needs a restart`, async (t) => {
      const proxy = await start(t, { config: saying("before") });
      const answer = await proxy.reload(saying("after", more));
      assert.equal(answer.status, 400);
      assert.match(answer.body, new RegExp(`^${name} can't change while Troupe runs: restart it$`, "m"));
      assert.equal((await requestOnce(proxy.port())).body, "before");
    });
  }

  it("refuses a configuration whose port is taken, and keeps everything of the old one", async (t) => {
    const taken = await FakeUpstream.start(answering("somebody else"));
    t.after(() => taken.close());
    const proxy = await start(t, { config: saying("before"), concurrency: 2 });
    const port = proxy.port();
    const listeners = [
      { routes: [answerRoute("after")] },
      { name: "second", address: loopback(taken.port), routes: [answerRoute("after")] },
    ];
    const answer = await proxy.reload(sampleBootstrap({ listeners }));
    assert.equal(answer.status, 400);
    assert.ok(
      answer.body.includes(`cannot bind 127.0.0.1:${taken.port} for listener "second": address already in use`),
    );
    assert.equal((await requestOnce(port)).body, "before");
    const { version } = await configStatus(proxy);
    assert.equal(version, 1);
  });

  it("refuses a Unix-domain socket that can't be made", async (t) => {
    const proxy = await start(t, { config: saying("before") });
    const listeners = [{ address: pipe(path.join(proxy.folder, "none", "socket")), routes: [answerRoute("after")] }];
    const answer = await proxy.reload(sampleBootstrap({ listeners }));
    assert.equal(answer.status, 400);
    assert.match(answer.body, /worker-1: listener "ingress": cannot listen on .*: there is no such folder/);
    assert.equal((await requestOnce(proxy.port())).body, "before");
  });

  it("drains the connections of a changed filter chain only, and none for changed routes", async (t) => {
    const listeners = (manager: object, text: string) =>
      sampleBootstrap({
        listeners: [
          { name: "changed", manager, routes: [answerRoute(text)] },
          { name: "kept", routes: [answerRoute(text)] },
        ],
      });
    const proxy = await start(t, {
      config: listeners({}, "before"),
      concurrency: 2,
      args: ["--drain-strategy", "immediate"],
    });
    const changed = await Http1Client.connect(proxy.port("changed"));
    const kept = await Http1Client.connect(proxy.port("kept"));
    t.after(() => {
      changed.close();
      kept.close();
    });
    for (const client of [changed, kept]) assert.equal((await client.request()).body, "before");

    await proxy.reload(listeners({}, "after"));
    for (const client of [changed, kept]) {
      const { body, header } = await client.request();
      assert.deepEqual([body, header("connection")], ["after", undefined]);
    }

    const filterChain = { server_name: "renamed" };
    const dryRun = await proxy.post("/config/dry_run?format=json", JSON.stringify(listeners(filterChain, "after")));
    const { changes, drains } = JSON.parse(dryRun.body);
    assert.deepEqual(changes, [{ kind: "listener", name: "changed", change: "changed" }]);
    assert.deepEqual(
      drains.map(({ connections }: { connections: number }) => connections),
      [1],
    );

    await proxy.reload(listeners(filterChain, "after"));
    const last = await changed.request();
    assert.deepEqual([last.body, last.header("connection"), last.header("server")], ["after", "close", "envoy"]);
    const other = await kept.request();
    assert.deepEqual([other.body, other.header("connection")], ["after", undefined]);
    assert.equal((await requestOnce(proxy.port("changed"))).header("server"), "renamed");
    const stats = await proxy.stats("^listener_manager");
    for (const [stat, value] of [
      ["listener_added", 2],
      ["listener_create_success", 4],
      ["listener_modified", 1],
      ["listener_in_place_updated", 1],
      ["total_listeners_active", 2],
    ] as const) {
      assert.equal(stats.get(`listener_manager.${stat}`), value, stat);
    }
  });

  it("moves requests to added endpoints and away from removed ones, and counts clusters", async (t) => {
    const upstreams = await Promise.all(["a", "b"].map((name) => FakeUpstream.start(answering(name))));
    t.after(() => Promise.all(upstreams.map((upstream) => upstream.close())));
    const [a, b] = upstreams.map(({ port }) => loopback(port));
    const config = (...addresses: object[]) =>
      sampleBootstrap({ clusters: [sampleCluster("app", addresses), sampleCluster("spare", [loopback(1)])] });
    const proxy = await start(t, { config: config(a!) });
    const client = await connect(t, proxy);
    assert.equal((await client.request()).body, "a");
    await proxy.reload(config(a!, b!));
    const bodies = await Promise.all([client.request(), client.request(), client.request(), client.request()]);
    assert.deepEqual(bodies.map(({ body }) => body).toSorted(), ["a", "a", "b", "b"]);
    await proxy.reload(config(b!));
    for (let i = 0; i < 4; i++) assert.equal((await client.request()).body, "b");
    await proxy.until(
      "the end of connections to the removed endpoint",
      async () => upstreams[0]?.openConnections === 0,
    );
    const stats = await proxy.stats("^cluster_manager");
    assert.deepEqual(
      ["cluster_added", "cluster_modified", "active_clusters"].map((name) => stats.get(`cluster_manager.${name}`)),
      [2, 2, 2],
    );
  });

  it("tries the file when a dry run has no body", async (t) => {
    const proxy = await start(t, { config: saying("before") });
    proxy.writeConfig(sampleBootstrap({ listeners: [{ name: "other", routes: [answerRoute("after")] }] }));
    const { status, body } = await proxy.post("/config/dry_run");
    assert.equal(status, 200);
    assert.match(body, /added +listener +other\n/);
    assert.match(body, /removed +listener +ingress\n/);
    assert.match(body, /no connection would drain/);
    assert.equal((await configStatus(proxy)).version, 1);
  });
});
