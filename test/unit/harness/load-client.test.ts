import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream, type UpstreamScript } from "../../harness/fake-upstream.ts";
import { LoadClient } from "../../harness/load-client.ts";
import { failedRequests, type LoadReport } from "../../harness/load-report.ts";
import { REFUSING_PORT } from "../../harness/refusing-port.ts";

const GET = Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n");

async function upstreamOf(t: TestContext, script: UpstreamScript): Promise<FakeUpstream> {
  const upstream = await FakeUpstream.start(script);
  t.after(() => upstream.close());
  return upstream;
}

/** Runs `count` requests on one connection slot and gives the report. */
async function runRequests(
  port: number,
  count: number,
  method = "GET",
  requestTimeoutMs = 10_000,
): Promise<LoadReport> {
  const request = (_slot: number, sequence: number) => (sequence < count ? { bytes: GET, method } : undefined);
  const client = await LoadClient.start({ port, connections: 1, request, requestTimeoutMs });
  return client.finished();
}

describe("LoadClient", () => {
  it("keeps one connection for all requests of a slot", async (t) => {
    const upstream = await upstreamOf(t, answering("hello"));
    const report = await runRequests(upstream.port, 5);
    assert.equal(report.ok, 5);
    assert.equal(failedRequests(report), 0);
    assert.equal(report.connectionsOpened, 1);
    assert.equal(upstream.received, GET.toString().repeat(5));
  });

  const outcomes: { name: string; bytes: string; end: "fin" | "rst" | "none"; kind: string }[] = [
    {
      name: "an unexpected status",
      bytes: "HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n",
      end: "none",
      kind: "bad-status",
    },
    { name: "an end inside the head", bytes: "HTTP/1.1 200", end: "fin", kind: "closed-mid-response" },
    {
      name: "an end inside the body",
      bytes: "HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nab",
      end: "fin",
      kind: "closed-mid-response",
    },
    {
      name: "an end inside a chunk",
      bytes: "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
      end: "fin",
      kind: "closed-mid-response",
    },
    { name: "an end without an answer", bytes: "", end: "fin", kind: "closed-before-response" },
    { name: "a reset without an answer", bytes: "", end: "rst", kind: "closed-before-response" },
    { name: "an answer that is not HTTP", bytes: "SSH-2.0-x\r\n\r\n", end: "none", kind: "malformed" },
    { name: "no answer within the deadline", bytes: "", end: "none", kind: "timed-out" },
  ];
  for (const { name, bytes, end, kind } of outcomes) {
    it(`counts ${name} as ${kind}`, async (t) => {
      const upstream = await upstreamOf(t, (exchange) => {
        if (bytes !== "") exchange.write(bytes);
        if (end === "fin") exchange.end();
        if (end === "rst") exchange.reset();
      });
      const report = await runRequests(upstream.port, 1, "GET", kind === "timed-out" ? 30 : 10_000);
      assert.equal(report.ok, 0);
      assert.equal(failedRequests(report), 1);
      assert.equal({ ...report.failures }[kind as "refused"], 1);
      assert.equal(report.notes[0]?.kind, kind);
    });
  }

  it("counts a connection that nobody accepts as refused", async () => {
    const report = await runRequests(REFUSING_PORT, 1);
    assert.deepEqual(report.failures.refused, 1);
    assert.equal(report.connectionsOpened, 0);
  });

  it("counts a close after `connection: close` as announced, and goes on with a new connection", async (t) => {
    const upstream = await upstreamOf(t, (exchange) => exchange.respond({ headers: { connection: "Close" } }));
    const report = await runRequests(upstream.port, 3);
    assert.deepEqual([report.ok, report.closedAnnounced, report.closedUnannounced], [3, 3, 0]);
    assert.equal(failedRequests(report), 0);
    assert.equal(upstream.connections.length, 3);
  });

  it("takes the end of the connection as the end of a body without length", async (t) => {
    const upstream = await upstreamOf(t, (exchange) => {
      exchange.write("HTTP/1.1 200 OK\r\n\r\nsome body");
      exchange.end();
    });
    const report = await runRequests(upstream.port, 2);
    assert.deepEqual([report.ok, report.closedAnnounced, failedRequests(report)], [2, 2, 0]);
  });

  it("counts a close between two requests without announcement on its own", async (t) => {
    const upstream = await upstreamOf(t, (exchange) => {
      exchange.respond();
      exchange.end();
    });
    const request = (_slot: number, sequence: number) => (sequence < 2 ? { bytes: GET } : undefined);
    const client = await LoadClient.start({ port: upstream.port, connections: 1, request, thinkTimeMs: 50 });
    const report = await client.finished();
    assert.equal(report.ok, 2);
    assert.ok(report.closedUnannounced >= 1);
    assert.equal(failedRequests(report), 0);
  });

  it("leaves a connection for a new one after the number of requests it was given", async (t) => {
    const upstream = await upstreamOf(t, answering());
    const request = (_slot: number, sequence: number) => (sequence < 6 ? { bytes: GET } : undefined);
    const client = await LoadClient.start({ port: upstream.port, connections: 1, request, requestsPerConnection: 2 });
    const report = await client.finished();
    assert.deepEqual([report.ok, failedRequests(report), report.connectionsOpened], [6, 0, 3]);
    assert.deepEqual([report.closedAnnounced, report.closedUnannounced], [0, 0]);
  });

  it("skips 1xx responses and reads no body after HEAD", async (t) => {
    const upstream = await upstreamOf(t, (exchange) => {
      exchange.write("HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    });
    const report = await runRequests(upstream.port, 3, "HEAD");
    assert.deepEqual([report.ok, failedRequests(report), report.connectionsOpened], [3, 0, 1]);
  });

  it("waits for the response under way when it stops, and sends nothing more", async (t) => {
    const upstream = await FakeUpstream.start(answering());
    t.after(() => upstream.close());
    const client = await LoadClient.start({ port: upstream.port, connections: 2 });
    upstream.setScript(undefined);
    const held = [await upstream.nextRequest(), await upstream.nextRequest()];
    const before = client.report().ok;
    const stopping = client.stop();
    for (const exchange of held) exchange.respond();
    const report = await stopping;
    assert.equal(report.ok, before + 2);
    assert.equal(upstream.requestCount, report.ok);
  });

  it("gives the body to the request that asked, with bodies kept", async (t) => {
    const upstream = await upstreamOf(t, answering("seen"));
    const seen: string[] = [];
    const onResponse = (status: number, body: Buffer) => void seen.push(`${status} ${body}`);
    const request = (_slot: number, sequence: number) => (sequence < 1 ? { bytes: GET, onResponse } : undefined);
    const client = await LoadClient.start({ port: upstream.port, connections: 1, request, keepBody: true });
    await client.finished();
    assert.deepEqual(seen, ["200 seen"]);
  });

  it("counts bytes beyond the response as malformed and leaves the connection", async (t) => {
    const upstream = await upstreamOf(t, (exchange) => {
      exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
    });
    const report = await runRequests(upstream.port, 1);
    assert.deepEqual([report.ok, report.failures.malformed], [1, 1]);
  });
});
