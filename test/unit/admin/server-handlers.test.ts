import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin } from "../../harness/ask-admin.ts";
import { SampleProxy, sampleWorker } from "../../harness/sample-admin-views.ts";

describe("/ready", () => {
  it("answers 200 when live", async () => {
    const answer = await askAdmin(new SampleProxy(), "/ready");
    assert.deepEqual([answer.status, answer.body], [200, "LIVE\n"]);
  });

  it("answers 503 with the state otherwise", async () => {
    for (const state of ["DRAINING", "PRE_INITIALIZING", "INITIALIZING"] as const) {
      const proxy = new SampleProxy();
      proxy.state = state;
      const answer = await askAdmin(proxy, "/ready");
      assert.deepEqual([answer.status, answer.body], [503, `${state}\n`]);
    }
  });

  it("says which worker doesn't answer", async () => {
    const proxy = new SampleProxy();
    proxy.workers.push(sampleWorker({ name: "worker-1", answering: false, reportAgeMs: 3210 }));
    // Nobody expects an answer of one that is starting or has ended.
    proxy.workers.push(sampleWorker({ name: "worker-2", status: "starting", answering: false, reportAgeMs: 0 }));
    assert.equal((await askAdmin(proxy, "/ready")).body, "LIVE\nworker-1 has not answered for 3.2 s\n");
  });
});

describe("Pages about the process", () => {
  it("prints version, state, uptime, options and node", async () => {
    assert.deepEqual((await askAdmin(new SampleProxy(), "/server_info")).json(), {
      version: "troupe/0.1.0",
      state: "LIVE",
      uptime_current_epoch: "61s",
      uptime_all_epochs: "61s",
      hot_restart_version: "disabled",
      command_line_options: { concurrency: 2 },
      node: { id: "n1", cluster: "c1" },
    });
  });

  it("prints memory in Envoy's form, and by thread", async () => {
    assert.deepEqual((await askAdmin(new SampleProxy(), "/memory")).json(), {
      allocated: "1000",
      heap_size: "2000",
      pageheap_unmapped: "0",
      pageheap_free: "0",
      total_thread_cache: "0",
      total_physical_bytes: "3000",
      threads: [{ thread: "main", heap_used: "1", heap_total: "2", answering: true }],
    });
  });

  it("prints what initialisation waits for", async () => {
    const proxy = new SampleProxy();
    const all = { unready_targets_dumps: [{ name: "Listener ingress", target_names: ["rds"] }] };
    assert.deepEqual((await askAdmin(proxy, "/init_dump")).json(), all);
    assert.deepEqual((await askAdmin(proxy, "/init_dump?mask=listener")).json(), all);
    assert.deepEqual((await askAdmin(proxy, "/init_dump?mask=other")).json(), {});
  });

  it("has no certificates to show, and no hot restart", async () => {
    assert.deepEqual((await askAdmin(new SampleProxy(), "/certs")).json(), { certificates: [] });
    assert.equal((await askAdmin(new SampleProxy(), "/hot_restart_version")).body, "disabled");
  });
});

describe("/endpoints", () => {
  it("escapes names that come from the configuration", async () => {
    const proxy = new SampleProxy();
    proxy.node = { id: `<script>alert("1")</script>`, cluster: "a&b'c" };
    const { body } = await askAdmin(proxy, "/endpoints");
    assert.ok(body.includes("&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;"));
    assert.ok(body.includes("a&#38;b&#39;c"));
    assert.ok(!body.includes("<script"));
  });

  it("allows no script, no frame and no foreign form target", async () => {
    const { headers, contentType, body } = await askAdmin(new SampleProxy(), "/endpoints");
    assert.equal(contentType, "text/html; charset=UTF-8");
    assert.match(
      headers["content-security-policy"] ?? "",
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
    );
    assert.equal(headers["x-frame-options"], "DENY");
    assert.ok(!/ style=| on[a-z]+=/.test(body));
  });

  it("offers changes as forms that POST", async () => {
    const { body } = await askAdmin(new SampleProxy(), "/endpoints");
    assert.match(body, /<form method="post" action="\/quitquitquit">/);
    assert.match(body, /<a href="\/clusters">/);
    assert.ok(!body.includes('href="/quitquitquit"'));
  });
});
