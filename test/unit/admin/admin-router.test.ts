import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin, tellAdmin } from "../../harness/ask-admin.ts";
import { SampleProxy, sampleWorker } from "../../harness/sample-admin-views.ts";

describe("AdminRouter", () => {
  it("answers unknown paths with 404 and the help", async () => {
    for (const path of ["/nope", "/stats/", "/__proto__", "/constructor", "//stats"]) {
      const answer = await askAdmin(new SampleProxy(), path);
      assert.equal(answer.status, 404, path);
      assert.match(answer.body, /^invalid path\. admin commands are:\n {2}\/: Admin home page\n/);
    }
  });

  it("refuses changes by any method but POST", async () => {
    const proxy = new SampleProxy();
    for (const path of [
      "/quitquitquit",
      "/reset_counters",
      "/drain_listeners",
      "/config/reload",
      "/healthcheck/fail",
    ]) {
      for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
        const answer = await askAdmin(proxy, path, { method });
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.body, `Method ${method} not allowed, POST required.\n`);
        assert.equal(answer.headers.allow, "POST");
      }
    }
    assert.deepEqual(proxy.calls, []);
  });

  it("refuses other methods than GET and HEAD for pages that only show something", async () => {
    assert.equal((await askAdmin(new SampleProxy(), "/ready", { method: "HEAD" })).status, 200);
    assert.equal((await askAdmin(new SampleProxy(), "/ready", { method: "POST" })).status, 405);
    assert.equal((await askAdmin(new SampleProxy(), "/ready", { method: "OPTIONS" })).status, 405);
  });

  it("serves only the paths that the configuration allows", async () => {
    const allowsPath = (path: string): boolean => path === "/ready";
    assert.equal((await askAdmin(new SampleProxy(), "/ready", { allowsPath })).status, 200);
    assert.equal((await askAdmin(new SampleProxy(), "/stats", { allowsPath })).status, 403);
  });

  it("forbids caching and guessing of types, and gives no CORS headers", async () => {
    const { headers } = await askAdmin(new SampleProxy(), "/ready");
    assert.deepEqual(headers, { "cache-control": "no-cache, max-age=0", "x-content-type-options": "nosniff" });
  });

  it("names the workers that don't answer in a header", async () => {
    const proxy = new SampleProxy();
    proxy.workers = [sampleWorker(), sampleWorker({ name: "worker-1", answering: false })];
    const { headers } = await askAdmin(proxy, "/stats");
    assert.equal(headers["x-troupe-not-answering"], "worker-1");
  });

  it("answers 500 with the message when a view fails", async () => {
    const proxy = new SampleProxy();
    const views = { ...proxy.views.control, reload: () => Promise.reject(new Error("disk on fire")) };
    Object.assign(proxy.views, { control: views });
    const answer = await tellAdmin(proxy, "/config/reload");
    assert.deepEqual([answer.status, answer.body], [500, "disk on fire\n"]);
  });

  it("lists every page and command with its parameters in the help", async () => {
    const { body } = await askAdmin(new SampleProxy(), "/help");
    assert.match(body, /^ {2}\/quitquitquit \(POST\): exit the server$/m);
    assert.match(body, /^ {6}format: Format to use; One of \(text, json\)$/m);
    const paths = [...body.matchAll(/^ {2}(\/[^\s:]*)/gm)].map(([, path]) => path);
    assert.deepEqual(paths, paths.toSorted());
    for (const path of [
      ..."/ /actors /certs /clusters /config_dump /config_status /drain_listeners /help /hot_restart_version".split(
        " ",
      ),
      ..."/init_dump /listeners /logging /memory /ready /reopen_logs /reset_counters /runtime /server_info".split(" "),
      ..."/stats /stats/prometheus /workers /healthcheck/fail /healthcheck/ok /quitquitquit".split(" "),
      ..."/config/reload /config/dry_run".split(" "),
    ]) {
      assert.ok(paths.includes(path), path);
    }
  });
});
