import assert from "node:assert/strict";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import { PATIENCE_MS } from "./until.ts";

/** Where Debian's packages and others put it. */
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Starts a headless Chromium of the system; `wrapped` may name another program that starts it. Rejects with what to install if there is
 * none.
 */
export async function startBrowser(wrapped = (path: string): string => path): Promise<Browser> {
  const installed = CHROMIUM.find(existsSync);
  if (installed === undefined) throw new Error("no Chromium is installed: apt-get install chromium");
  return chromium.launch({
    executablePath: wrapped(installed),
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/** A page of a browser, and all that went wrong in it. */
export class WatchedPage {
  readonly page: Page;
  /** Errors, warnings of the console (refusals of the content security policy among them), requests to other hosts. */
  readonly problems: string[] = [];

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.on("pageerror", (error) => this.problems.push(`error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      // An answer of 400 is how a dry run says no; the browser notes it whatever the page makes of it.
      if (!message.text().includes("status of 400")) this.problems.push(`${message.text()} ${message.location().url}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) {
        this.problems.push(`request to ${request.url()}`);
      }
    });
  }

  /** Opens the web page of an admin interface, and waits for its first sample. */
  static async open(
    browser: Browser,
    adminPort: number,
    fragment = "",
    options: BrowserContextOptions = {},
  ): Promise<WatchedPage> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const origin = `http://127.0.0.1:${adminPort}/`;
    const watched = new WatchedPage(page, origin);
    await page.goto(origin + fragment);
    await page.locator(".connection-live").waitFor();
    return watched;
  }

  /** Runs the body with the page open, and checks afterwards that nothing went wrong in it. */
  static async during(
    browser: Browser,
    adminPort: number,
    fragment: string,
    body: (watched: WatchedPage) => Promise<void>,
    options?: BrowserContextOptions,
  ): Promise<void> {
    const watched = await WatchedPage.open(browser, adminPort, fragment, options);
    try {
      await body(watched);
      assert.deepEqual(watched.problems, []);
    } finally {
      await watched.close();
    }
  }

  /** The figure of the overview with this `data-figure`, if its text is like the pattern. */
  figure(name: string, hasText: RegExp): Locator {
    return this.page.locator(`[data-figure="${name}"] dd:not(.more)`, { hasText });
  }

  /** Chooses a view by its link. */
  async view(label: string): Promise<void> {
    await this.page.getByRole("navigation").getByRole("link", { name: label }).click();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** A new folder for screenshots, or the one that `SCREENSHOTS` names. */
export function screenshotFolder(): string {
  return process.env.SCREENSHOTS ?? mkdtempSync(path.join(tmpdir(), "troupe-screenshots-"));
}
