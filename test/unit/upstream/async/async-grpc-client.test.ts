import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { AsyncGrpcClient, grpcTimeout } from "../../../../src/upstream/async/async-grpc-client.ts";
import type { GrpcServiceData } from "../../../../src/upstream/async/grpc-service-data.ts";
import { startGrpcEcho } from "../../../harness/grpc-echo.ts";
import { type Http2Script, startHttp2Upstream } from "../../../harness/http2-upstream.ts";
import { until } from "../../../harness/until.ts";
import { clusterData, endpointData } from "../cluster-fixture.ts";
import { AsyncScene } from "./async-scene.ts";

const SERVICE: GrpcServiceData = {
  cluster: "one",
  authority: "echo.test",
  timeoutMs: 1000,
  initialMetadata: [["x-key", "secret"]],
  maxMessageBytes: 1 << 20,
  skipEnvoyHeaders: false,
  retry: null,
};

class GrpcScene extends AsyncScene {
  readonly grpc = new AsyncGrpcClient(this.client);

  constructor(port: number) {
    super();
    const data = clusterData([endpointData(port)]);
    this.worker.apply([{ ...data, connectionSettings: { ...data.connectionSettings, httpProtocol: "http2" } }]);
  }

  /** `message`, or `status message` of a failure. */
  call(message: string | Buffer, service: Partial<GrpcServiceData> = {}, path = "/test.Echo/Unary"): Promise<string> {
    return new Promise((resolve) => {
      this.grpc.call({ ...SERVICE, ...service }, path, Buffer.from(message), {
        onMessage: (answer) => resolve(answer.length > 100 ? `${answer.length} bytes` : answer.toString()),
        onFailure: (status, details) => resolve(`${status} ${details}`),
      });
    });
  }
}

async function withEcho(t: TestContext): Promise<GrpcScene> {
  const server = await startGrpcEcho();
  t.after(() => server.stop());
  return ending(t, new GrpcScene(server.port));
}

async function withScript(t: TestContext, script: Http2Script): Promise<GrpcScene> {
  return ending(t, new GrpcScene((await startHttp2Upstream(t, script)).port));
}

function ending(t: TestContext, scene: GrpcScene): GrpcScene {
  t.after(() => scene.end());
  return scene;
}

describe("The async gRPC client", () => {
  it("calls a service of grpc-js", async (t) => {
    const scene = await withEcho(t);
    assert.equal(await scene.call("hello"), "hello");
    assert.equal(await scene.call(Buffer.alloc(500_000, 1)), "500000 bytes");
    assert.equal(await scene.call("fail"), "3 that is wrong");
    assert.match(await scene.call("hello", {}, "/test.Echo/Nothing"), /^12 /);
    assert.equal(scene.worker.stat("upstream_cx_total"), 1);
    assert.equal(scene.worker.stat("upstream_rq_200"), 4);
  });

  it("gives up after its timeout", async (t) => {
    const scene = await withEcho(t);
    const outcome = scene.call("wait");
    await until("the stream is open", () => scene.worker.stat("upstream_rq_active") === 1);
    scene.worker.clock.advance(1010);
    assert.equal(await outcome, "4 request timeout");
  });

  it("sends what gRPC asks for, and the configured metadata", async (t) => {
    const seen: Record<string, unknown>[] = [];
    const scene = await withScript(t, (stream, headers) => {
      seen.push({ ...headers });
      stream.respond({ ":status": 200, "grpc-status": "7", "grpc-message": "not %C3%BC" }, { endStream: true });
    });
    assert.equal(await scene.call("x"), "7 not ü");
    await scene.call("x", { skipEnvoyHeaders: true, timeoutMs: 0 });
    assert.deepEqual(
      seen.map((headers) => [headers["grpc-timeout"], headers["x-envoy-internal"]]),
      [
        ["1000m", "true"],
        [undefined, undefined],
      ],
    );
    const [first] = seen;
    assert.deepEqual(
      [first![":method"], first![":path"], first![":authority"], first!.te, first!["content-type"], first!["x-key"]],
      ["POST", "/test.Echo/Unary", "echo.test", "trailers", "application/grpc", "secret"],
    );
  });

  it("fails on what is no gRPC response", async (t) => {
    const frame = (...bytes: number[]): Buffer => Buffer.from(bytes);
    const answers: (readonly [number, Buffer, string | null])[] = [
      [503, frame(), null],
      [404, frame(), null],
      [200, frame(0, 0, 0, 0, 1, 7), null],
      [200, frame(), "0"],
      [200, frame(0, 0, 0, 0, 2, 7), "0"],
      [200, frame(0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 1, 7), "0"],
      [200, frame(1, 0, 0, 0, 1, 7), "0"],
      [200, frame(0, 0, 0, 0, 0), "what"],
    ];
    let at = 0;
    const scene = await withScript(t, (stream) => {
      const [status, body, grpcStatus] = answers[at++]!;
      stream.respond({ ":status": status }, { waitForTrailers: grpcStatus !== null });
      if (grpcStatus !== null) stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": grpcStatus }));
      stream.end(body);
    });
    const outcomes: string[] = [];
    for (const _ of answers) outcomes.push(await scene.call("x"));
    assert.deepEqual(outcomes, [
      "14 HTTP status 503",
      "12 HTTP status 404",
      "2 the response has no grpc-status",
      "13 the response is not one message",
      "13 the response is not one message",
      "13 the response is not one message",
      "13 the response is not one message",
      "2 ",
    ]);
  });

  it("takes no longer message than it is told", async (t) => {
    const scene = await withEcho(t);
    assert.equal(await scene.call("12345", { maxMessageBytes: 5 }), "12345");
    assert.match(await scene.call("123456", { maxMessageBytes: 5 }), /^8 /);
  });

  it("opens a stream of messages both ways", async (t) => {
    const scene = await withEcho(t);
    const calls: string[] = [];
    const stream = scene.grpc.open(SERVICE, "/test.Echo/Chat", 1000, {
      onMessage: (message) => calls.push(message.toString()),
      onClosed: (status) => calls.push(`closed ${status}`),
    })!;
    assert.equal(stream.send(Buffer.from("one")), true);
    await until("an echo", () => calls.length === 1);
    assert.equal(stream.send(Buffer.from("two")), true);
    stream.end();
    await until("the end", () => calls.length === 3);
    assert.deepEqual(calls, ["one", "two", "closed 0"]);
    assert.equal(stream.send(Buffer.from("three")), false);
  });

  it("queues no more than it may while there is no connection", async (t) => {
    const scene = await withEcho(t);
    const calls: string[] = [];
    const stream = scene.grpc.open(SERVICE, "/test.Echo/Collect", 100, {
      onMessage: (message) => calls.push(message.toString()),
      onClosed: (status) => calls.push(`closed ${status}`),
    })!;
    const message = Buffer.alloc(60, "x");
    assert.deepEqual([stream.send(message), stream.send(message)], [true, false]);
    stream.end();
    await until("the end", () => calls.length === 2);
    assert.deepEqual(calls, ["x".repeat(60), "closed 0"]);
  });

  it("refuses messages for a service that does not take them", async (t) => {
    const scene = await withScript(t, (stream) => stream.pause());
    const calls: number[] = [];
    const stream = scene.grpc.open(SERVICE, "/test.Slow/Chat", 1000, {
      onMessage: () => {},
      onClosed: (status) => calls.push(status),
    })!;
    await until("the stream is open", () => scene.worker.stat("upstream_rq_active") === 1);
    const message = Buffer.alloc(256 * 1024);
    let sent = 0;
    while (sent < 1000 && stream.send(message)) {
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(sent > 0 && sent < 40, `${sent} messages were taken`);
    stream.cancel();
    assert.deepEqual(calls, []);
  });

  it("closes a stream with the worker", async (t) => {
    const scene = await withEcho(t);
    const calls: string[] = [];
    scene.grpc.open(SERVICE, "/test.Echo/Chat", 1000, {
      onMessage: () => {},
      onClosed: (status, details) => calls.push(`${status} ${details}`),
    });
    scene.client.close();
    assert.deepEqual(calls, ["1 the worker ends"]);
  });

  it("writes timeouts with at most eight digits", () => {
    assert.deepEqual([0.5, 250, 99_999_999, 1e8, 1e12].map(grpcTimeout), [
      "1m",
      "250m",
      "99999999m",
      "100000S",
      "16666667M",
    ]);
  });
});
