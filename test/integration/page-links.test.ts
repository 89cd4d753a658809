/** How the views of the web page hang together, and whether all of it can be read. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { startBrowser, WatchedPage } from "../harness/browser.ts";
import { weakTexts } from "../harness/contrast.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

const CONFIG = sampleBootstrap({
  listeners: [{ routes: [clusterRoute("gone", "/gone"), clusterRoute("empty", "/empty"), clusterRoute("gone", "/")] }],
  clusters: [sampleCluster("gone", [loopback(1)]), sampleCluster("empty", [])],
});
const VIEWS = ["Overview", "Actors", "Traffic", "Connections", "Explain", "Errors", "Config"];

describe("The views of the web page", () => {
  let browser: Browser;
  let proxy: RunningProxy;
  before(async () => {
    [browser, proxy] = await Promise.all([startBrowser(), startProxy({ config: CONFIG })]);
    for (const path of ["/gone", "/empty"]) {
      assert.equal((await fetch(`http://127.0.0.1:${proxy.port()}${path}`)).status, 503);
    }
  });
  after(async () => {
    await Promise.all([browser?.close(), proxy?.kill()]);
  });

  const withPage = (
    fragment: string,
    body: (watched: WatchedPage) => Promise<void>,
    options?: Parameters<typeof WatchedPage.open>[3],
  ): Promise<void> => WatchedPage.during(browser, proxy.adminPort, fragment, body, options);

  it("lead from a failed request to its cluster, its pools, and to where it would go now", async () => {
    await withPage("#/errors", async ({ page }) => {
      const failure = page.getByRole("listitem").filter({ hasText: /could not connect to host 127\.0\.0\.1:1/ });
      await failure.locator("summary").click();
      await failure.getByText("UF: no connection to the host").waitFor();
      await failure.getByRole("link", { name: "gone", exact: true }).click();
      const panel = page.getByRole("region", { name: "cluster gone" });
      await panel.getByRole("link", { name: "Connection pools" }).click();
      await page.getByRole("region", { name: "Pools" }).waitFor();
      assert.equal(await page.getByRole("searchbox").inputValue(), "gone");
      await page.goBack();
      await panel.getByRole("link", { name: "Failed requests" }).click();
      await failure.waitFor();
      assert.equal(await page.getByRole("searchbox").first().inputValue(), "gone");
      await page.getByText(/^no healthy host in cluster empty/).waitFor({ state: "detached" });
      await failure.locator("summary").click();
      await failure.getByRole("link", { name: "Where would it go now?" }).click();
      await page.getByRole("button", { name: "Where would it go?" }).click();
      await page.getByText(/^the request goes to cluster gone/).waitFor();
    });
  });

  it("mark the ways of a part in the picture, and show those of a text alone", async () => {
    await withPage("#/traffic", async ({ page }) => {
      const node = (id: string) => page.locator(`[data-node="${id}"]`);
      await node("cluster empty").click();
      await page.getByRole("region", { name: "cluster empty" }).waitFor();
      const marked = await page.locator(".node.on .label").allInnerTexts();
      assert.deepEqual(marked, ["ingress", "any connection", "/empty…", "empty"]);
      assert.match((await node("cluster empty").getAttribute("class")) ?? "", /bad/);
      await page.getByRole("searchbox").fill("127.0.0.1:1");
      await node("cluster empty").waitFor({ state: "detached" });
      await node("host gone 127.0.0.1:1").waitFor();
      await page.getByRole("searchbox").fill("nothing like this");
      await page.getByText("Nothing has this in it.").waitFor();
    });
  });

  it("list the clusters that failed, and say of a chart what was when one points at it", async () => {
    await withPage("", async ({ page }) => {
      await page.getByRole("region", { name: "Clusters" }).getByRole("link", { name: "gone" }).waitFor();
      await page.locator(".chart time").waitFor({ state: "detached" });
      await page.locator(".legend b", { hasText: /ms$/ }).first().waitFor();
      const plot = (await page.locator(".chart .u-over").first().boundingBox())!;
      await page.mouse.move(plot.x + plot.width - 2, plot.y + plot.height / 2);
      // In all charts at once.
      await page.locator(".chart:last-child time", { hasText: /^\d\d:\d\d:\d\d$/ }).waitFor();
      await page.mouse.move(0, 0);
      await page.locator(".chart time").first().waitFor({ state: "detached" });
    });
  });

  it("have something to say of a proxy without listeners and clusters", async (t) => {
    const bare = await startProxy({ config: sampleBootstrap({ listeners: [] }) });
    t.after(() => bare.kill());
    await WatchedPage.during(browser, bare.adminPort, "", async (watched) => {
      for (const view of VIEWS) {
        await watched.view(view);
        await watched.page.getByRole("main").getByRole("heading").first().waitFor();
      }
      await watched.view("Traffic");
      await watched.page.getByText("The configuration has no listener and no cluster.").waitFor();
    });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`can be read: every text has contrast enough, ${colorScheme}`, async () => {
      await withPage(
        "",
        async ({ page }) => {
          for (const view of [...VIEWS.map((name) => name.toLowerCase()), "traffic/cluster%20gone", "actors/stats"]) {
            await page.evaluate(`location.hash = "#/${view}"`);
            await page.getByRole("main").getByRole("heading").first().waitFor();
            if (view === "errors") await page.locator(".failures summary").first().click();
            assert.deepEqual(await weakTexts(page), [], view);
          }
        },
        { colorScheme },
      );
    });
  }
});
