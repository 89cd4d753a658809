import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { requestOnce } from "../harness/http1-client.ts";
import { answerRoute, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

/** A proxy whose access log is `access.log` in its folder, with one path per line. */
async function start(
  t: TestContext,
  args: readonly string[] = [],
  file?: string,
): Promise<{ proxy: RunningProxy; log: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-access-log-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const log = file ?? path.join(folder, "access.log");
  const typed_config = {
    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
    path: log,
    log_format: { text_format_source: { inline_string: "%REQ(:PATH)% %ACCESS_LOG_TYPE%\n" } },
  };
  const access_log = [{ name: "envoy.access_loggers.file", typed_config }];
  const config = sampleBootstrap({ listeners: [{ routes: [answerRoute("hello")], manager: { access_log } }] });
  const proxy = await startTestProxy(t, { config, concurrency: 1, args });
  return { proxy, log };
}

const get = (proxy: RunningProxy, target: string) => requestOnce(proxy.port(), { target });
const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []);

describe("An access log file", () => {
  it("has all lines when the process has ended, however long the flush interval", async (t) => {
    const { proxy, log } = await start(t, ["--file-flush-interval-msec", "3600000"]);
    for (const target of ["/1", "/2"]) await get(proxy, target);
    assert.equal(await proxy.stop(), 0);
    assert.deepEqual(linesOf(log), ["/1 DownstreamEnd", "/2 DownstreamEnd"]);
  });

  it("has the lines that a worker had in memory when it crashed", async (t) => {
    const { proxy, log } = await start(t, ["--file-flush-interval-msec", "3600000"]);
    await get(proxy, "/before");
    assert.equal((await proxy.post("/actors/worker-1/crash")).status, 200);
    await proxy.until("the line", async () => linesOf(log).length === 1);
    await proxy.until("a new worker", async () => (await get(proxy, "/after").catch(() => null))?.status === 200);
    assert.equal(await proxy.stop(), 0);
    assert.deepEqual(linesOf(log).slice(0, 1), ["/before DownstreamEnd"]);
    assert.deepEqual(linesOf(log).at(-1), "/after DownstreamEnd");
  });

  it("loses and counts what a full disk does not take, and no request notices", async (t) => {
    const { proxy } = await start(t, ["--file-flush-interval-msec", "20"], "/dev/full");
    assert.equal((await get(proxy, "/lost")).status, 200);
    const failed = async () => (await proxy.stats("filesystem")).get("filesystem.write_failed") ?? 0;
    await proxy.until("the failure", async () => (await failed()) > 0);
    assert.equal((await get(proxy, "/also")).status, 200);
    await proxy.until("the other failure", async () => (await failed()) > 1);
    assert.equal((await proxy.stats("filesystem")).get("filesystem.write_total_buffered"), 0);
    assert.equal(await proxy.stop(), 0);
  });

  it("is opened anew after SIGUSR1, and no line is lost", async (t) => {
    const { proxy, log } = await start(t, ["--file-flush-interval-msec", "50"]);
    await get(proxy, "/old");
    renameSync(log, `${log}.1`);
    proxy.child.kill("SIGUSR1");
    await proxy.until("the new file", async () => existsSync(log));
    await get(proxy, "/new");
    assert.equal(await proxy.stop(), 0);
    assert.deepEqual([...linesOf(`${log}.1`), ...linesOf(log)], ["/old DownstreamEnd", "/new DownstreamEnd"]);
  });
});
