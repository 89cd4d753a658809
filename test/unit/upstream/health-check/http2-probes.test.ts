import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { SystemRandom } from "../../../../src/base/random.ts";
import { NO_HTTP2_CODEC_STATS } from "../../../../src/http/http2/codec-stats.ts";
import { GrpcProbe } from "../../../../src/upstream/health-check/grpc-probe.ts";
import type { GrpcCheckData, HttpCheckData } from "../../../../src/upstream/health-check/health-check-data.ts";
import { HttpProbe } from "../../../../src/upstream/health-check/http-probe.ts";
import type { Probe, ProbeResult } from "../../../../src/upstream/health-check/probe.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { type Http2Script, startHttp2Upstream } from "../../../harness/http2-upstream.ts";
import { until } from "../../../harness/until.ts";
import { httpCheck, plainTarget } from "./health-check-fixture.ts";

const SUCCESS = { ok: true, degraded: false };
const FAILED = { ok: false, failure: "ACTIVE", retriable: false };
const NETWORK = { ok: false, failure: "NETWORK", retriable: false };

const environment = {
  timers: new FakeClock().timers,
  random: new SystemRandom(),
  http2Stats: NO_HTTP2_CODEC_STATS,
  onVerifyCluster: () => {},
};

/** Makes one check after the other. */
function checker(t: TestContext, make: (onResult: (result: ProbeResult) => void) => Probe): () => Promise<ProbeResult> {
  const results: ProbeResult[] = [];
  const probe = make((result) => results.push(result));
  t.after(() => probe.close());
  return async () => {
    const before = results.length;
    probe.start();
    await until("the result of a check", () => results.length > before);
    return results.at(-1)!;
  };
}

function overHttp2(t: TestContext, port: number, check: Partial<HttpCheckData> = {}, reuse = true) {
  const data = httpCheck({ http2: true, ...check });
  return checker(t, (onResult) => new HttpProbe(data, reuse, plainTarget(port), environment, onResult));
}

function overGrpc(t: TestContext, port: number, check: Partial<GrpcCheckData> = {}) {
  const data = { type: "grpc", serviceName: "", authority: "", headersToAdd: [], ...check } as const;
  return checker(t, (onResult) => new GrpcProbe(data, true, plainTarget(port), environment, onResult));
}

describe("An HTTP check over HTTP/2", () => {
  it("sends Envoy's request and judges the answer", async (t) => {
    const seen: object[] = [];
    let status = 200;
    const upstream = await startHttp2Upstream(t, (stream, headers) => {
      seen.push(Object.fromEntries(Object.entries(headers)));
      stream.respond({ ":status": status });
      stream.end("fine");
    });
    const check = overHttp2(t, upstream.port, { path: "/up", receive: [Buffer.from("fine").toString("hex")] });
    assert.deepEqual(await check(), SUCCESS);
    assert.deepEqual(seen, [
      { ":method": "GET", ":path": "/up", ":scheme": "http", ":authority": "backend", "user-agent": "Envoy/HC" },
    ]);
    status = 503;
    assert.deepEqual(await check(), FAILED);
    assert.equal(upstream.sessionCount(), 1, "one connection for both");
  });

  it("connects anew after each check without reuse, and after GOAWAY", async (t) => {
    const answer: Http2Script = (stream) => stream.respond({ ":status": 200 }, { endStream: true });
    const single = await startHttp2Upstream(t, answer);
    const check = overHttp2(t, single.port, {}, false);
    for (let i = 0; i < 3; i++) assert.deepEqual(await check(), SUCCESS);
    assert.equal(single.sessionCount(), 3);
    const leaving = await startHttp2Upstream(t, (stream) => {
      stream.session!.goaway();
      stream.respond({ ":status": 200 }, { endStream: true });
    });
    const again = overHttp2(t, leaving.port);
    for (let i = 0; i < 3; i++) assert.deepEqual(await again(), SUCCESS);
    assert.equal(leaving.sessionCount(), 3);
  });

  it("fails by a reset stream, a closed connection, and a host that speaks HTTP/1", async (t) => {
    const resetting = await startHttp2Upstream(t, (stream) => stream.close(2));
    assert.deepEqual(await overHttp2(t, resetting.port)(), NETWORK);
    const closing = await startHttp2Upstream(t, (stream) => stream.session!.destroy());
    assert.deepEqual(await overHttp2(t, closing.port)(), NETWORK);
    const http1 = http.createServer().listen(0, "127.0.0.1");
    t.after(() => http1.close());
    await once(http1, "listening");
    assert.deepEqual(await overHttp2(t, (http1.address() as AddressInfo).port)(), NETWORK);
  });

  it("gives up a hanging check with its connection and makes another one", async (t) => {
    let answering = false;
    const upstream = await startHttp2Upstream(t, (stream) => {
      if (answering) stream.respond({ ":status": 200 }, { endStream: true });
    });
    const results: ProbeResult[] = [];
    const probe = new HttpProbe(httpCheck({ http2: true }), true, plainTarget(upstream.port), environment, (result) =>
      results.push(result),
    );
    t.after(() => probe.close());
    probe.start();
    await until("the first connection", () => upstream.sessionCount() === 1);
    probe.cancel();
    await until("its end", () => upstream.sessions.length === 0);
    answering = true;
    probe.start();
    await until("the result", () => results.length === 1);
    assert.deepEqual(results, [SUCCESS]);
  });
});

const HEALTH = {
  check: {
    path: "/grpc.health.v1.Health/Check",
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Buffer) => message,
    requestDeserialize: (message: Buffer) => message,
    responseSerialize: (message: Buffer) => message,
    responseDeserialize: (message: Buffer) => message,
  },
} as const;

interface GrpcHost {
  readonly port: number;
  /** What it answers: the message, or a status. */
  answer: Buffer | grpc.status;
  readonly calls: { readonly message: string; readonly host: string; readonly tag: unknown }[];
}

async function grpcHost(t: TestContext): Promise<GrpcHost> {
  const server = new grpc.Server();
  const calls: GrpcHost["calls"] = [];
  server.addService(HEALTH, {
    check(call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
      calls.push({ message: call.request.toString("hex"), host: call.getHost(), tag: call.metadata.get("x-tag")[0] });
      if (typeof host.answer === "number") callback({ code: host.answer, details: "no" });
      else callback(null, host.answer);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  t.after(() => server.forceShutdown());
  const host: GrpcHost = { port, calls, answer: Buffer.from([0x08, 1]) };
  return host;
}

describe("A gRPC check of a real gRPC server", () => {
  it("passes by SERVING alone", async (t) => {
    const host = await grpcHost(t);
    const check = overGrpc(t, host.port);
    assert.deepEqual(await check(), SUCCESS);
    for (const answer of [[0x08, 2], [0x08, 3], [], [0x08, 0x80]]) {
      host.answer = Buffer.from(answer);
      assert.deepEqual(await check(), FAILED, `message ${answer}`);
    }
    // The last one counts, and fields of other numbers do not.
    host.answer = Buffer.from([0x08, 2, 0x12, 2, 8, 2, 0x15, 0, 0, 0, 0, 0x08, 1]);
    assert.deepEqual(await check(), SUCCESS);
  });

  it("fails by any status but OK, and by a service that the server lacks", async (t) => {
    const host = await grpcHost(t);
    const check = overGrpc(t, host.port);
    for (const status of [grpc.status.NOT_FOUND, grpc.status.UNAVAILABLE, grpc.status.UNIMPLEMENTED]) {
      host.answer = status;
      assert.deepEqual(await check(), FAILED);
    }
    const server = new grpc.Server();
    const port = await new Promise<number>((resolve) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_error, bound) => resolve(bound));
    });
    t.after(() => server.forceShutdown());
    assert.deepEqual(await overGrpc(t, port)(), FAILED);
  });

  it("sends the service's name, the authority and initial metadata", async (t) => {
    const host = await grpcHost(t);
    const serviceName = "s".repeat(130);
    const headersToAdd = [{ name: "x-tag", value: "a", action: "appendOrAdd", keepEmptyValue: false }] as const;
    assert.deepEqual(await overGrpc(t, host.port, { serviceName, authority: "check.test", headersToAdd })(), SUCCESS);
    const message = `0a8201${Buffer.from(serviceName).toString("hex")}`;
    assert.deepEqual(host.calls, [{ message, host: "check.test", tag: "a" }]);
    assert.deepEqual(await overGrpc(t, host.port)(), SUCCESS);
    assert.deepEqual(host.calls[1], { message: "", host: "backend", tag: undefined });
  });

  it("fails at once by what is no gRPC, without its end", async (t) => {
    const other = await startHttp2Upstream(t, (stream) => stream.respond({ ":status": 200, "content-type": "text/x" }));
    assert.deepEqual(await overGrpc(t, other.port)(), FAILED);
    const missing = await startHttp2Upstream(t, (stream) => stream.respond({ ":status": 404 }, { endStream: true }));
    assert.deepEqual(await overGrpc(t, missing.port)(), FAILED);
    const gone = await startHttp2Upstream(t, (stream) => stream.close(2));
    assert.deepEqual(await overGrpc(t, gone.port)(), NETWORK);
  });

  it("fails by a body that never becomes a message", async (t) => {
    const upstream = await startHttp2Upstream(t, (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.alloc(200_000, 0));
    });
    assert.deepEqual(await overGrpc(t, upstream.port)(), FAILED);
  });
});
