import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { screenshotFolder, startBrowser, WatchedPage } from "../harness/browser.ts";
import { LoadClient, type LoadClientOptions } from "../harness/load-client.ts";
import { MachineDelay } from "../harness/machine-delay.ts";
import { answerRoute, clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { untilAsked } from "../harness/until.ts";

const SCRIPT = "<script>document.title='run'</script>";
const BUSY = [answerRoute("fine", "/fine"), { match: { prefix: "/" }, direct_response: { status: 503 } }];

const config = (text: string): object =>
  sampleBootstrap({
    listeners: [{ routes: [...BUSY, answerRoute(text, "/text")] }],
    clusters: [sampleCluster("<img src=x onerror=alert(1)>", [])],
  });

/** A load that ends with the test at the latest. */
async function startLoad(t: TestContext, options: LoadClientOptions): Promise<LoadClient> {
  const load = await LoadClient.start(options);
  t.after(() => load.stop());
  return load;
}

/** An HTTP server that answers everything alike; its port. */
async function startUpstream(t: TestContext, status = 200): Promise<number> {
  const server = createServer((_request, response) => response.writeHead(status).end("hello"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe("The web page in a browser", () => {
  let browser: Browser;
  let proxy: RunningProxy;
  const folder = screenshotFolder();
  before(async () => {
    [browser, proxy] = await Promise.all([startBrowser(), startProxy({ config: config("one"), concurrency: 2 })]);
  });
  after(async () => {
    await Promise.all([browser?.close(), proxy?.kill()]);
  });

  const withPage = (fragment: string, body: (watched: WatchedPage) => Promise<void>): Promise<void> =>
    WatchedPage.during(browser, proxy.adminPort, fragment, body);

  it("shows the true numbers of a load while it runs, and after it", async (t) => {
    const load = await startLoad(t, {
      port: proxy.port(),
      connections: 6,
      expectStatus: () => true,
      thinkTimeMs: 5,
      request: (_connection, sequence) => ({
        bytes: Buffer.from(`GET ${sequence % 4 === 0 ? "/bad" : "/fine"} HTTP/1.1\r\nhost: load.test\r\n\r\n`),
      }),
    });
    await withPage("", async (watched) => {
      await watched.figure("connections", /^6$/).waitFor();
      await watched.figure("requests", /^[1-9]/).waitFor();
      await watched.figure("errors", /^2\d(?:\.\d)? %$/).waitFor();
      await watched.figure("p99", /ms$/).waitFor();
      await watched.page.screenshot({ path: path.join(folder, "overview.png") });
      const { ok } = await load.stop();
      const total = (await proxy.stats("^http.ingress.downstream_rq_total$")).get("http.ingress.downstream_rq_total");
      assert.equal(total, ok);
      const shown = total! >= 10_000 ? `${(total! / 1000).toFixed(1)}k` : total!.toLocaleString("en-US");
      await watched.page.locator('[data-figure="requests"] .more', { hasText: `${shown} in all` }).waitFor();
      await watched.figure("requests", /^0$/).waitFor();
    });
  });

  it("says within 2 s that a worker crashed, and within 2 s that one is blocked", async () => {
    await withPage("#/actors", async ({ page }) => {
      /** Does it, and waits until the page says so, which must not take more than 2 s of what the machine left to it. */
      const within2s = async (target: string, said: Locator): Promise<void> => {
        const delay = new MachineDelay();
        const startMs = performance.now();
        assert.equal((await proxy.post(target)).status, 200);
        await said.waitFor();
        const tookMs = performance.now() - startMs;
        const lateMs = delay.stop();
        assert.ok(tookMs - 2 * lateMs < 2000, `${tookMs} ms, of which the machine was late by ${lateMs} ms`);
      };
      const crashed = page.getByText(/supervisor\/worker-1 crashed: /).first();
      await within2s("/actors/supervisor%2Fworker-1/crash", crashed);
      await page.locator('[data-actor="supervisor/worker-1"] > .actor .pill.good').waitFor();

      const blocked = page.getByRole("status").getByText(/worker-2 has not answered for /);
      await within2s("/actors/supervisor%2Fworker-2/block?ms=10000", blocked);
      await page.locator('[data-actor="supervisor/worker-2"]', { hasText: "not answering for" }).waitFor();
      await page.screenshot({ path: path.join(folder, "actors.png") });
      await page.locator('[data-actor="supervisor/worker-2"] > .actor .pill.good').waitFor();
      await blocked.waitFor({ state: "detached" });
    });
  });

  it("shows the state, the messages and the history of an actor", async () => {
    await withPage("#/actors", async ({ page }) => {
      await page.locator('[data-actor="supervisor/worker-1"] .name').click();
      const panel = page.getByRole("region", { name: "Actor supervisor/worker-1" });
      await panel.getByText("snapshotVersion").first().waitFor();
      await panel.getByRole("button", { name: "Messages" }).click();
      await panel.getByText("reportIntervalPassed").first().waitFor();
      await panel.getByRole("button", { name: "History" }).click();
      await panel.getByText("crashed").first().waitFor();
    });
  });

  it("traces the messages of an actor until it is stopped", async () => {
    await withPage("#/actors/supervisor%2Fworker-1", async ({ page }) => {
      const panel = page.getByRole("region", { name: "Actor supervisor/worker-1" });
      await panel.getByRole("button", { name: "Trace", exact: true }).click();
      await panel.getByRole("searchbox").fill("report");
      await panel.getByRole("button", { name: "Trace for 30 s" }).click();
      await panel
        .getByRole("row", { name: /reportIntervalPassed handled [\d.]+ ms/ })
        .first()
        .waitFor();
      await panel.getByRole("button", { name: "Stop" }).click();
      await panel.getByText("Stopped.").waitFor();
      assert.equal(await panel.getByText("flushIntervalPassed").count(), 0);
      // The proxy notices that nobody listens any more: another trace may begin.
      await proxy.until("the end of the trace", async () => {
        const { status } = await proxy.post("/actors/supervisor%2Fworker-1/trace?seconds=1&max=1");
        return status === 200;
      });
    });
  });

  it("makes a profile of an actor's thread, and says where it hangs", async () => {
    await withPage("#/actors/supervisor%2Fworker-1", async ({ page }) => {
      const panel = page.getByRole("region", { name: "Actor supervisor/worker-1" });
      await panel.getByRole("button", { name: "Profile", exact: true }).click();
      await panel.getByRole("button", { name: "CPU profile" }).click();
      const link = panel.getByRole("link", { name: "worker-1.cpuprofile" });
      await link.waitFor();
      const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
      assert.equal(download.suggestedFilename(), "worker-1.cpuprofile");
      const profile = JSON.parse(readFileSync(await download.path(), "utf8")) as { nodes: unknown[] };
      assert.ok(profile.nodes.length > 0);
      assert.equal((await proxy.post("/actors/supervisor%2Fworker-1/block?ms=6000")).status, 200);
      await page.locator('[data-actor="supervisor/worker-1"] > .actor .pill.bad').waitFor();
      const where = panel.getByRole("button", { name: "Where is it now?" });
      await untilAsked("where the worker hangs", async () => {
        if (await panel.getByText("worker-1 is here:").isVisible()) return true;
        if (await where.isEnabled()) await where.click();
        return false;
      });
      await page.locator('[data-actor="supervisor/worker-1"] > .actor .pill.good').waitFor();
    });
  });

  it("shows what is in force, its history with differences, and the last refusal", async () => {
    await withPage("#/config", async ({ page }) => {
      await page.getByText(/^Version 1 from /).waitFor();
      assert.equal((await proxy.reload(config("two"))).status, 200);
      await page.getByText(/^Version 2 from /).waitFor();
      await page
        .getByRole("row", { name: /admin applied, version 2/ })
        .getByText("1 resource")
        .click();
      await page.getByText("changed routeTable").waitFor();
      assert.equal((await proxy.reload('{"node": {"idd": "x"}}')).status, 400);
      await page.getByRole("heading", { name: "Last refusal" }).waitFor();
      await page.locator("mark", { hasText: /config\.json:1:\d+$/ }).waitFor();
      const line = '"secrets": [{ "name": "s3cr3t-name", "passwrd": "s3cr3t" }]';
      writeFileSync(proxy.configPath, `{ "static_resources": {\n  ${line}\n} }\n`);
      assert.equal((await proxy.post("/config/reload")).status, 400);
      await page
        .locator(".excerpt .marked", { hasText: '    2    "secrets": [{ "name": "…", "passwrd": "…" }]' })
        .first()
        .waitFor();
      const line1 = page.locator(".excerpt .line", { hasText: '    1  { "static_resources": {' }).first();
      const [above, below] = await Promise.all([
        line1.boundingBox(),
        page.locator(".excerpt .marked").first().boundingBox(),
      ]);
      assert.ok((above?.y ?? 0) < (below?.y ?? 0), "lines stand below one another");
      assert.doesNotMatch((await page.locator("main").textContent()) ?? "", /s3cr3t/);
      await page.getByRole("button", { name: "Show it" }).click();
      await page.getByText("envoy.admin.v3.BootstrapConfigDump").waitFor();
      assert.equal((await proxy.reload(config("one"))).status, 200);
    });
  });

  it("says what a pasted configuration would change and drain, or which line of it is wrong", async (t) => {
    await startLoad(t, {
      port: proxy.port(),
      connections: 3,
      expectStatus: () => true,
      thinkTimeMs: 20,
    });
    await withPage("#/config", async ({ page }) => {
      const proposed = page.getByRole("textbox", { name: /A proposed configuration/ });
      const run = page.getByRole("button", { name: "What would it do?" });
      await proposed.fill(JSON.stringify(config("three")));
      await run.click();
      await page.getByText("1 resource would change.").waitFor();
      await page.getByText("No connection would drain.").waitFor();
      await proposed.fill(JSON.stringify(sampleBootstrap({ listeners: [] })));
      await run.click();
      await page.getByText("3 connections would drain:").waitFor();
      await proposed.fill("node:\n  id: a\nstatic_resources:\n  clutsers: []\n");
      await run.click();
      await page.getByText("It would be refused.").waitFor();
      assert.match((await page.locator(".outcome .excerpt .marked").textContent()) ?? "", /4 {4}clutsers/);
      await page.screenshot({ path: path.join(folder, "config.png"), fullPage: true });
    });
  });

  it("shows names from the configuration as text, whatever they contain", async () => {
    await withPage("#/config", async ({ page }) => {
      await page.getByRole("textbox", { name: /A proposed configuration/ }).fill(`${SCRIPT}: {}\n"<img src=x>": 1`);
      await page.getByRole("button", { name: "What would it do?" }).click();
      await page.locator(".problems", { hasText: SCRIPT }).waitFor();
      await page.getByRole("button", { name: "Show it" }).click();
      await page.getByText("<img src=x onerror=alert(1)>").first().waitFor({ state: "attached" });
      assert.match(await page.title(), /^[A-Z][a-z]+ · Troupe$/);
      assert.equal(await page.locator("img, #app script").count(), 0);
    });
  });

  it("shows the way from listener to host with its rate, and a part's line, statistics and configuration", async (t) => {
    const upstream = await startUpstream(t);
    const clusters = [sampleCluster("app", [loopback(upstream)]), sampleCluster(SCRIPT, [loopback(1)])];
    const routes = [clusterRoute("app", "/app"), clusterRoute(SCRIPT, "/other"), answerRoute("x", SCRIPT.slice(0, 8))];
    const traffic = await startTestProxy(t, { config: sampleBootstrap({ listeners: [{ routes }], clusters }) });
    const request = { bytes: Buffer.from("GET /app HTTP/1.1\r\nhost: a\r\n\r\n") };
    await startLoad(t, { port: traffic.port(), connections: 2, thinkTimeMs: 5, request: () => request });
    const watched = await WatchedPage.open(browser, traffic.adminPort, "#/traffic");
    t.after(() => watched.close());
    const { page } = watched;
    const node = (id: string) => page.locator(`[data-node="${id}"]`);
    for (const id of ["chain ingress 0", "cluster app", `host app 127.0.0.1:${upstream}`]) {
      await node(id)
        .getByText(/^[1-9][\d.,k]*\/s$/)
        .waitFor();
    }
    await node("cluster app").getByText("1 of 1 healthy").waitFor();
    await page.getByRole("link", { name: SCRIPT }).first().waitFor();
    await page.screenshot({ path: path.join(folder, "traffic.png") });
    await node("cluster app").click();
    const panel = page.getByRole("region", { name: "cluster app" });
    await panel.getByText(/^In .*config\.json:1$/).waitFor();
    await panel.getByRole("row", { name: /^upstream_rq_total [\d,]+ [1-9]/ }).waitFor();
    await panel.getByText("connect_timeout").waitFor();
    assert.match(await page.title(), /^[A-Z][a-z]+ · Troupe$/);
    assert.deepEqual(watched.problems, []);
  });

  it("lists connections with their numbers, filters and sorts them, and closes one", async (t) => {
    await startLoad(t, { port: proxy.port(), connections: 3, expectStatus: () => true, thinkTimeMs: 20 });
    await withPage("#/connections", async ({ page }) => {
      const table = page.getByRole("region", { name: "Connections" });
      await page.getByText("3 in all.").waitFor();
      const first = table.getByRole("row").nth(1);
      assert.match((await first.textContent()) ?? "", /worker-\dlive127\.0\.0\.1:\d+ingress–HTTP\/1\.1/);
      await table.getByRole("button", { name: "Requests" }).click();
      await table.getByRole("button", { name: "Requests ↓" }).waitFor();
      const label = await first.getByRole("button", { name: /^Close connection / }).getAttribute("aria-label");
      // By its number: another one may be the first of the rows by now.
      const close = table.getByRole("button", { name: label ?? "", exact: true });
      await close.click();
      await close.waitFor({ state: "detached" });
      await page.getByRole("searchbox").fill("worker-nobody");
      await page.getByText("0 in all.").waitFor();
      await page.getByRole("link", { name: "Pools" }).click();
      await page.getByRole("region", { name: "Pools" }).waitFor();
    });
  });

  it("explains where a URL would go, now and on a pasted configuration", async () => {
    await withPage("#/explain", async ({ page }) => {
      await page.getByRole("textbox", { name: "URL" }).fill("app.example/fine");
      const ask = page.getByRole("button", { name: "Where would it go?" });
      await ask.click();
      await page.getByText(/^On version \d+, as worker-\d has it\.$/).waitFor();
      await page.getByRole("listitem").filter({ hasText: "prefix /fine: matches" }).waitFor();
      await page.screenshot({ path: path.join(folder, "explain.png") });
      await page.getByText("On a proposed configuration", { exact: true }).click();
      const proposed = page.getByRole("textbox", { name: /^YAML or JSON/ });
      await proposed.fill(JSON.stringify(sampleBootstrap({ listeners: [{ routes: [answerRoute("x", SCRIPT)] }] })));
      await ask.click();
      await page.getByText("On the proposed configuration.").waitFor();
      await page.getByText(`does not match prefix ${SCRIPT}`).waitFor();
      await proposed.fill("node:\n  idd: x\n");
      await ask.click();
      await page.locator(".excerpt .marked", { hasText: "idd: x" }).waitFor();
      assert.match(await page.title(), /^[A-Z][a-z]+ · Troupe$/);
    });
  });

  it("tells of failed requests in a sentence, with their attempts, within seconds", async (t) => {
    const routes = [clusterRoute("gone", "/gone"), clusterRoute("empty", "/")];
    const clusters = [sampleCluster("gone", [loopback(1)]), sampleCluster("empty", [])];
    const failing = await startTestProxy(t, { config: sampleBootstrap({ listeners: [{ routes }], clusters }) });
    const watched = await WatchedPage.open(browser, failing.adminPort, "#/errors");
    t.after(() => watched.close());
    const { page } = watched;
    await page.getByText("No request has failed, as far as is remembered.").waitFor();
    for (const target of ["/gone", `/${SCRIPT}`]) {
      const answer = await fetch(`http://127.0.0.1:${failing.port()}${target}`);
      assert.equal(answer.status, 503);
    }
    await page.getByText(/^no healthy host in cluster empty/).waitFor();
    await page.getByText(/^could not connect to host 127\.0\.0\.1:1: .*Connection refused/).click();
    await page
      .getByRole("listitem")
      .filter({ hasText: /^127\.0\.0\.1:1: remote connection failure/ })
      .waitFor();
    await page.getByText("%3Cscript%3E").first().waitFor();
    await page.screenshot({ path: path.join(folder, "errors.png") });
    await page.getByRole("searchbox", { name: "Response flag" }).fill("UH");
    await page.getByText(/^could not connect/).waitFor({ state: "detached" });
    await page.getByText(/^no healthy host in cluster empty/).waitFor();
    assert.deepEqual(watched.problems, []);
  });

  it("says of failed requests which hosts are ejected since when, and which fail their checks and why", async (t) => {
    const broken = await Promise.all([startUpstream(t, 500), startUpstream(t, 500)]);
    const cluster = sampleCluster("api", [...broken, 1].map(loopback), {
      common_lb_config: { healthy_panic_threshold: {} },
      outlier_detection: {
        ...{ consecutive_5xx: 1, interval: "0.05s", base_ejection_time: "300s", max_ejection_percent: 100 },
        ...{ enforcing_success_rate: 0, enforcing_consecutive_gateway_failure: 0 },
        successful_active_health_check_uneject_host: false,
      },
      health_checks: [
        {
          ...{ timeout: "2s", interval: "0.1s", no_traffic_interval: "0.1s" },
          ...{ unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} },
        },
      ],
    });
    const failing = await startTestProxy(t, {
      config: sampleBootstrap({ listeners: [{ routes: [clusterRoute("api")] }], clusters: [cluster] }),
    });
    await failing.until("a request without a healthy host", async () => {
      const answer = await fetch(`http://127.0.0.1:${failing.port()}/cart`);
      return (await answer.text()).startsWith("no healthy upstream");
    });
    const watched = await WatchedPage.open(browser, failing.adminPort, "#/errors");
    t.after(() => watched.close());
    const item = watched.page.getByRole("listitem").filter({ hasText: /^no healthy host in cluster api: 3 hosts/ });
    await item.getByText(/: 3 hosts: 2 ejected by outlier detection, 1 failing health checks$/).waitFor();
    const now = item.getByText(/^Now 3 of 3 hosts are out of use: /);
    const text = (await now.textContent()) ?? "";
    for (const port of broken) {
      const ejected = `127.0.0.1:${port} ejected by outlier detection [\\d.]+ m?s ago \\(CONSECUTIVE_5XX, back in \\d+ min\\)`;
      assert.match(text, new RegExp(ejected));
    }
    assert.match(text, /127\.0\.0\.1:1 failing health checks for [\d.]+ m?s: connection refused\.$/);
    await watched.view("Traffic");
    await watched.page.locator('[data-node="cluster api"]').click();
    await watched.page
      .getByRole("region", { name: "cluster api" })
      .getByText(
        /^3 of 3 hosts are out of use: 127\.0\.0\.1:\d+ ejected by outlier detection [\d.]+ m?s ago \(CONSECUTIVE_5XX, /,
      )
      .waitFor();
    await watched.page.locator(`[data-node="host api 127.0.0.1:${broken[0]}"]`).click();
    await watched.page
      .getByRole("region", { name: `host 127.0.0.1:${broken[0]}` })
      .getByText(/^ejected by outlier detection [\d.]+ m?s ago \(CONSECUTIVE_5XX, back in/)
      .waitFor();
    assert.deepEqual(watched.problems, []);
  });
});
