import assert from "node:assert/strict";
import { globSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { askAdmin } from "../../harness/ask-admin.ts";
import { SampleProxy } from "../../harness/sample-admin-views.ts";

/** `import … from "…"`, also minified, and `import "…"`. */
const IMPORT = /\b(?:from|import)\s*["']([a-zA-Z@./][\w./@-]*)["']/g;

const PAGE = path.resolve(import.meta.dirname, "../../../src/admin/page");

describe("The web page", () => {
  const proxy = new SampleProxy();

  it("is served at / with a policy that allows no inline script and no other host", async () => {
    const { status, contentType, headers, body } = await askAdmin(proxy, "/");
    assert.equal(status, 200);
    assert.equal(contentType, "text/html; charset=UTF-8");
    const policy = headers["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.doesNotMatch(body, /https?:\/\/|<script(?![^>]*src=)|style=|\son\w+=/);
  });

  it("finds all that it loads, from module to module, on this server", async () => {
    const { body } = await askAdmin(proxy, "/");
    const queue = [...body.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map((match) => match[1]!);
    const seen = new Set(queue);
    for (const url of queue) {
      const file = await askAdmin(proxy, url);
      assert.equal(file.status, 200, url);
      const isScript = !url.endsWith(".css");
      assert.equal(file.contentType, isScript ? "text/javascript; charset=UTF-8" : "text/css; charset=UTF-8", url);
      if (!isScript) assert.doesNotMatch(file.body, /@import|url\(/, url);
      for (const match of file.body.matchAll(IMPORT)) {
        const target = new URL(match[1]!, `http://x${url}`);
        assert.equal(target.host, "x", `${url} imports ${match[1]}`);
        assert.match(match[1]!, /^[./]/, `${url} imports ${match[1]}`);
        if (!seen.has(target.pathname)) queue.push(target.pathname);
        seen.add(target.pathname);
      }
    }
    for (const library of ["preact", "preact-hooks", "htm", "uplot"]) assert.ok(seen.has(`/page/lib/${library}.js`));
    const modules = globSync("**/*.ts", { cwd: PAGE }).map((file) => `/page/${file}`);
    assert.deepEqual(
      modules.filter((module) => !seen.has(module)),
      [],
    );
  });

  for (const target of [
    "/page/",
    "/page/nope.ts",
    "/page/../admin-router.ts",
    "/page/..%2fviews.ts",
    "/page/page.html",
  ]) {
    it(`has no file ${target}`, async () => {
      assert.equal((await askAdmin(proxy, target)).status, 404);
    });
  }

  it("leaves the links and forms of all endpoints at /endpoints", async () => {
    const { body, contentType } = await askAdmin(proxy, "/endpoints");
    assert.equal(contentType, "text/html; charset=UTF-8");
    for (const each of ["/clusters", "/stats", "/config_dump"]) assert.ok(body.includes(`href="${each}"`), each);
  });
});
