import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { answerRoute, loopback, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const FILE_LOG = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
const FIELDS = {
  method: "%REQ(:METHOD)%",
  path: "%REQ(:PATH)%",
  protocol: "%PROTOCOL%",
  code: "%RESPONSE_CODE%",
  details: "%RESPONSE_CODE_DETAILS%",
  flags: "%RESPONSE_FLAGS%",
  received: "%BYTES_RECEIVED%",
  sent: "%BYTES_SENT%",
  agent: "%REQ(USER-AGENT)%",
  type: "%RESP(CONTENT-TYPE)%",
  from: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
  duration: "%DURATION%",
};

const fileLog = (file: string, filter?: object): object => ({
  name: "envoy.access_loggers.file",
  typed_config: { "@type": FILE_LOG, path: file, log_format: { json_format: FIELDS } },
  ...(filter !== undefined && { filter }),
});

const config = (admin: object): object =>
  sampleBootstrap({
    listeners: [{ routes: [answerRoute("here")] }],
    more: { admin: { address: loopback(0), ...admin } },
  });

function logFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-admin-log-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

/** Waits for a line about a path and answers it. */
async function lineAbout(proxy: RunningProxy, file: string, target: string): Promise<Record<string, unknown>> {
  let found: string | undefined;
  await proxy.until(
    `a line about ${target}`,
    async () => {
      found = linesOf(file).find((line) => line.includes(`"${target}"`));
      return found !== undefined;
    },
    15_000,
  );
  return JSON.parse(found!) as Record<string, unknown>;
}

describe("The access log of the admin endpoint", () => {
  it("has a line for each request, through filters, and follows a renamed file", async (t) => {
    const folder = logFolder(t);
    const [all, failed] = [path.join(folder, "all.log"), path.join(folder, "failed.log")];
    const isFailure = {
      status_code_filter: { comparison: { op: "GE", value: { default_value: 400, runtime_key: "x" } } },
    };
    const proxy = await startTestProxy(t, {
      config: config({ access_log: [fileLog(all), fileLog(failed, isFailure)] }),
      args: ["--file-flush-interval-msec", "20"],
    });
    const version = await proxy.admin("/config_status?format=json");
    const { duration, ...got } = await lineAbout(proxy, all, "/config_status?format=json");
    assert.equal(typeof duration, "number");
    assert.deepEqual(got, {
      method: "GET",
      path: "/config_status?format=json",
      protocol: "HTTP/1.1",
      code: 200,
      details: "admin_filter_response",
      flags: "-",
      received: 0,
      sent: Buffer.byteLength(version.body),
      agent: null,
      type: version.headers["content-type"],
      from: "127.0.0.1",
    });
    await proxy.post("/config/dry_run", "static_resources: {}");
    assert.equal((await lineAbout(proxy, all, "/config/dry_run")).received, 20);
    await proxy.admin("/no/such/page");
    assert.equal((await lineAbout(proxy, failed, "/no/such/page")).code, 404);
    assert.equal(
      linesOf(failed).some((line) => line.includes('"code":200')),
      false,
    );

    renameSync(all, `${all}.1`);
    proxy.child.kill("SIGUSR1");
    await proxy.until("the file again", async () => existsSync(all));
    await proxy.admin("/clusters?after");
    assert.equal((await lineAbout(proxy, all, "/clusters?after")).code, 200);
    assert.ok((await proxy.stats("filesystem.write_buffered")).get("filesystem.write_buffered")! >= 4);
  });

  it("is written to the end when the proxy stops, and in Envoy's format where access_log_path names a file", async (t) => {
    const file = path.join(logFolder(t), "admin.log");
    const proxy = await startProxy({ config: config({ access_log_path: file }) });
    await proxy.admin("/server_info?last");
    assert.equal(await proxy.stop(), 0);
    const last = linesOf(file).find((line) => line.includes("/server_info?last"));
    assert.match(
      last ?? "",
      /^\[\d{4}-.*Z\] "GET \/server_info\?last HTTP\/1\.1" 200 - 0 \d+ \d+ - "-" "-" "-" "127\.0\.0\.1:\d+" "-"$/,
    );
  });

  it("notes a client that goes away in the middle", async (t) => {
    const file = path.join(logFolder(t), "admin.log");
    const proxy = await startTestProxy(t, {
      config: config({ access_log: [fileLog(file)] }),
      args: ["--file-flush-interval-msec", "20"],
    });
    const aborted = await fetch(`http://127.0.0.1:${proxy.adminPort}/events`);
    await aborted.body!.cancel();
    assert.equal((await lineAbout(proxy, file, "/events")).flags, "DC");
  });

  it("keeps the proxy from starting when its file can't be opened", async () => {
    await assert.rejects(
      startProxy({ config: config({ access_log_path: "/no/such/folder/admin.log" }) }),
      /admin: can't open the access log \/no\/such\/folder\/admin\.log: ENOENT/,
    );
  });
});
