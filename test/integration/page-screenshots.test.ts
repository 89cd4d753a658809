/**
 * Makes the pictures of docs/inspect.md: the web page of the demo, under load and with a host that is gone, light and dark. Into a folder of
 * its own; `npm run docs:screenshots` puts them into docs/images.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { screenshotFolder, startBrowser, WatchedPage } from "../harness/browser.ts";
import { LoadClient } from "../harness/load-client.ts";
import { ANY_PORTS, RunningDemo } from "../harness/running-demo.ts";

const MOST_BYTES = 150 * 1024;
const QUALITY = 88;
const TARGETS = ["/hello", "/columbine/fan", "/about", "/hello/again", "/pierrot/mask", "/hello"];

/** A view, and what is done until it can be shown. */
interface Picture {
  readonly name: string;
  readonly fragment: string;
  readonly height: number;
  ready(page: Page): Promise<unknown>;
}

const PICTURES: readonly Picture[] = [
  {
    name: "overview",
    fragment: "#/overview",
    height: 920,
    // Charts with some seconds in them.
    ready: (page) => page.getByRole("row", { name: /version 2 in force/ }).waitFor(),
  },
  {
    name: "actors",
    fragment: "#/actors/supervisor%2Fworker-1",
    height: 760,
    async ready(page) {
      await page.getByRole("button", { name: "Messages" }).click();
      await page.getByRole("cell", { name: "reportIntervalPassed" }).first().waitFor();
    },
  },
  {
    name: "traffic",
    fragment: "#/traffic/cluster%20everyone",
    height: 860,
    async ready(page) {
      await page.getByText(/can't connect$/).waitFor();
      await page
        .locator('[data-node^="host everyone"] b', { hasText: /^[1-9]/ })
        .first()
        .waitFor();
      await page.getByRole("row", { name: /^upstream_rq_total [\d,]+ [1-9]/ }).waitFor();
    },
  },
  {
    name: "explain",
    fragment: "#/explain",
    height: 860,
    async ready(page) {
      await page.getByRole("textbox", { name: "URL" }).fill("http://demo.example/pierrot/mask?a=1");
      await page.getByRole("button", { name: "Where would it go?" }).click();
      await page.getByText(/^the request goes to cluster pierrot/).waitFor();
    },
  },
  {
    name: "errors",
    fragment: "#/errors",
    height: 560,
    async ready(page) {
      await page.getByText(/^could not connect to host/).click();
      await page.getByText("Before it").waitFor();
    },
  },
];

describe("The pictures of the web page", () => {
  const folder = screenshotFolder();
  const cleanups: (() => unknown)[] = [];
  const context: Pick<TestContext, "after"> = { after: (fn) => void cleanups.push(fn as () => unknown) };
  let browser: Browser;
  let adminPort: number;
  before(async () => {
    const demo = new RunningDemo(context, ANY_PORTS);
    const [port, configPath] = await Promise.all([demo.proxyPort(), demo.configPath()]);
    adminPort = await demo.adminPort();
    const request = (connection: number, sequence: number) => ({
      bytes: Buffer.from(
        `GET ${TARGETS[(connection + sequence) % TARGETS.length]} HTTP/1.1\r\nhost: demo.example\r\n\r\n`,
      ),
    });
    const load = await LoadClient.start({ port, connections: 10, thinkTimeMs: 15, expectStatus: () => true, request });
    cleanups.unshift(() => load.stop());
    // Nobody listens there: what pierrot is asked fails.
    writeFileSync(configPath, readFileSync(configPath, "utf8").replace(/\d+( \} \} \}\s*)$/, "1$1"));
    browser = await startBrowser();
    cleanups.unshift(() => browser.close());
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    for (const { name, fragment, height, ready } of PICTURES) {
      it(`are small and clear: ${name}, ${colorScheme}`, async (t) => {
        const viewport = { width: 1280, height };
        const watched = await WatchedPage.open(browser, adminPort, fragment, { viewport, colorScheme });
        t.after(() => watched.close());
        await ready(watched.page);
        // A chart of one second is none.
        if (name === "overview") await watched.figure("requests", /^[1-9]/).waitFor();
        if (name === "overview" && process.env.SCREENSHOTS !== undefined) await watched.page.waitForTimeout(20_000);
        const image = await webp(watched.page);
        writeFileSync(path.join(folder, `${name}-${colorScheme}.webp`), image);
        assert.ok(image.length < MOST_BYTES, `${image.length} bytes`);
        assert.deepEqual(watched.problems, []);
      });
    }
  }
});

/** What is on the screen now. */
async function webp(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  return Buffer.from(data, "base64");
}
