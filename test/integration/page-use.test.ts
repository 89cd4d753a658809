/** The web page however it is used: on a phone, in the dark, by keyboard, without a network, by nobody. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { startBrowser, WatchedPage } from "../harness/browser.ts";
import { answerRoute, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until, untilAsked } from "../harness/until.ts";

const CONFIG = sampleBootstrap({
  listeners: [{ routes: [answerRoute("fine", "/fine")] }],
  clusters: [sampleCluster("<img src=x onerror=alert(1)>", [])],
});

/** What stands on what has the focus: the first line of its text, or its name. */
const FOCUSED = "document.activeElement.name || document.activeElement.innerText.split('\\n')[0]";

describe("The web page, however it is used", () => {
  let browser: Browser;
  let proxy: RunningProxy;
  before(async () => {
    [browser, proxy] = await Promise.all([startBrowser(), startProxy({ config: CONFIG, concurrency: 2 })]);
  });
  after(async () => {
    await Promise.all([browser?.close(), proxy?.kill()]);
  });

  const withPage = (
    fragment: string,
    body: (watched: WatchedPage) => Promise<void>,
    options?: Parameters<typeof WatchedPage.open>[3],
  ): Promise<void> => WatchedPage.during(browser, proxy.adminPort, fragment, body, options);

  for (const [name, options] of [
    ["a phone's width, dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
    ["a desktop's width, light", { viewport: { width: 1280, height: 900 }, colorScheme: "light" }],
  ] as const) {
    it(`fits ${name}, in every view`, async () => {
      await withPage(
        "",
        async ({ page }) => {
          const labels = await page.getByRole("navigation").getByRole("link").allInnerTexts();
          assert.ok(labels.length >= 3);
          for (const label of labels) {
            await page.getByRole("navigation").getByRole("link", { name: label }).click();
            await page.getByRole("main").getByRole("heading").first().waitFor();
            const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
            assert.ok(Number(overflow) <= 0, `${label} is ${overflow} px too wide`);
          }
          const ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
          assert.equal(ground, options.colorScheme === "dark" ? "rgb(15, 18, 21)" : "rgb(244, 245, 247)");
        },
        options,
      );
    });
  }

  it("is used by keyboard alone", async () => {
    await withPage("", async ({ page }) => {
      await page.keyboard.press("Tab");
      assert.equal(await page.locator(":focus").textContent(), "Skip to the content");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate("document.activeElement.id"), "main");
      /** Goes round until it is there: a view asks for what it shows. */
      const focusOn = (text: string): Promise<void> =>
        untilAsked(`Tab on ${text}`, async () => {
          for (let i = 0; i < 80; i++) {
            await page.keyboard.press("Tab");
            if ((await page.evaluate(FOCUSED)) === text) return true;
          }
          return false;
        });
      const view = async (name: string): Promise<void> => {
        await page.evaluate("document.activeElement.blur()");
        await focusOn(name);
        await page.keyboard.press("Enter");
      };
      await view("Actors");
      await page.getByRole("heading", { name: "Actors" }).waitFor();
      await focusOn("worker-1");
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "Actor supervisor/worker-1" }).waitFor();
      await focusOn("History");
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "History" }).waitFor();
      await view("Traffic");
      await focusOn("/fine…");
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "route /fine…" }).waitFor();
      await view("Explain");
      await focusOn("url");
      await page.keyboard.type("app.example/fine");
      await page.keyboard.press("Enter");
      await page.getByRole("listitem").filter({ hasText: "prefix /fine: matches" }).waitFor();
      await view("Config");
      await focusOn("proposed");
      await page.keyboard.type("node: {}");
      await focusOn("What would it do?");
      await page.keyboard.press("Enter");
      await page.locator(".outcome", { hasText: /would/ }).waitFor();
    });
  });

  it("asks no other host, and the browser refuses what is not its own", async () => {
    const watched = await WatchedPage.open(browser, proxy.adminPort);
    const { page } = watched;
    try {
      for (const label of await page.getByRole("navigation").getByRole("link").allInnerTexts())
        await watched.view(label);
      assert.deepEqual(watched.problems, []);
      const { headers } = await proxy.admin("/");
      assert.match(
        String(headers["content-security-policy"]),
        /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/,
      );
      await page.evaluate(
        `document.body.append(Object.assign(document.createElement("script"), { text: "document.title = 'run'" }))`,
      );
      const other = await page.evaluate(
        `fetch("http://127.0.0.1:${proxy.port()}/fine").then(() => "asked", () => "refused")`,
      );
      assert.equal(other, "refused");
      assert.match(await page.title(), /^[A-Z][a-z]+ · Troupe$/);
      const told = () => watched.problems.join("\n");
      await until("what the browser says of it", () => /connect-src/i.test(told()));
      assert.match(told(), /inline script violates[\s\S]*connect-src/i);
    } finally {
      await watched.close();
    }
  });

  it("says that the proxy is gone", async (t) => {
    const going = await startTestProxy(t, { config: CONFIG });
    const watched = await WatchedPage.open(browser, going.adminPort);
    t.after(() => watched.close());
    await going.kill();
    await watched.page.getByText("connection lost, trying again").waitFor();
    await watched.page.getByText("the proxy does not answer").waitFor();
    await watched.page.getByText(/^what is shown is of \d\d:\d\d:\d\d/).waitFor();
    assert.equal(await watched.page.getByText("LIVE", { exact: true }).count(), 0);
  });

  it("says that listeners are drained, and that nothing is accepted any more", async (t) => {
    const drained = await startTestProxy(t, { config: CONFIG });
    await WatchedPage.during(browser, drained.adminPort, "", async ({ page }) => {
      const pill = page.locator(".pill.warn");
      assert.equal(await pill.count(), 0);
      assert.equal((await drained.post("/drain_listeners?graceful&skip_exit")).status, 200);
      await pill.filter({ hasText: /^listeners draining$/ }).waitFor();
      assert.equal((await drained.post("/drain_listeners")).status, 200);
      await pill.filter({ hasText: /^listeners closed$/ }).waitFor();
      await page.getByText(/^No listener accepts connections any more: .* by \/drain_listeners/).waitFor();
    });
  });

  it("costs nothing while nobody watches: no subscriber, no sample, no worker is asked for its counts", async () => {
    const watching = async (): Promise<{ readonly clients: number; readonly samples: number }> => {
      const { state } = JSON.parse((await proxy.admin("/actors/admin?format=json")).body);
      return state.watching;
    };
    /** How often the worker is asked for its counts in this time, at most `max` times. */
    const asked = async (seconds: number, max: number): Promise<number> => {
      const target = `/actors/supervisor%2Fworker-1/trace?seconds=${seconds}&max=${max}&match=flushStats`;
      const { status, body } = await proxy.post(target, "");
      assert.equal(status, 200, body);
      return Number(/"events":(\d+)/.exec(body)?.[1]);
    };
    await withPage("", async ({ page }) => {
      // Those of the tests before may have been gone only a moment.
      await proxy.until("one stream", async () => (await watching()).clients === 1);
      assert.equal(await asked(10, 2), 2);
      await page.evaluate(`Object.defineProperty(document, "hidden", { value: true, configurable: true })`);
      await page.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
      await page.getByText("paused").waitFor();
      await proxy.until("the end of the stream in the background", async () => (await watching()).clients === 0);
      await page.evaluate("delete document.hidden");
      await page.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
      await proxy.until("the stream", async () => (await watching()).clients === 1);
    });
    await proxy.until("the end of the stream", async () => (await watching()).clients === 0);
    // The last sample may still be on its way through the workers.
    await asked(1, 10);
    const { samples } = await watching();
    assert.ok(samples > 2, `${samples}`);
    assert.equal(await asked(3, 10), 0);
    assert.equal((await watching()).samples, samples);
  });
});
