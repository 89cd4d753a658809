import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { ECHO_SERVICE, startGrpcEcho } from "../harness/grpc-echo.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

const HTTP2 = { http2_protocol_options: {} };

interface Scene {
  readonly proxy: RunningProxy;
  readonly client: InstanceType<grpc.ServiceClientConstructor>;
}

/** A proxy of two workers before a gRPC server, and a client of it. */
async function scene(t: TestContext, upstreamPort?: number): Promise<Scene> {
  const server = await startGrpcEcho();
  t.after(() => server.stop());
  const clusters = [sampleCluster("app", [loopback(upstreamPort ?? server.port)], HTTP2)];
  const listeners = [{ routes: [clusterRoute("app", "/test.Echo/")] }];
  const proxy = await startProxy({ config: sampleBootstrap({ clusters, listeners }), concurrency: 2 });
  const Client = grpc.makeGenericClientConstructor(ECHO_SERVICE, "Echo");
  const client = new Client(`127.0.0.1:${proxy.port()}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
  });
  t.after(async () => {
    client.close();
    await proxy.kill();
  });
  return { proxy, client };
}

/** The answer of a unary call, or its error. */
function unary(
  client: Scene["client"],
  message: string | Buffer,
  options: grpc.CallOptions = {},
): Promise<Buffer | grpc.ServiceError> {
  return new Promise((resolve) => {
    client.unary!(
      Buffer.from(message),
      new grpc.Metadata(),
      options,
      (error: grpc.ServiceError | null, answer: Buffer) => resolve(error ?? answer),
    );
  });
}

function errorOf(answer: Buffer | grpc.ServiceError): grpc.ServiceError {
  assert.ok(answer instanceof Error, "the call fails");
  return answer as grpc.ServiceError;
}

describe("gRPC through the proxy", () => {
  it("unary calls, many at once and of 4 MB", async (t) => {
    const { proxy, client } = await scene(t);
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => unary(client, `m${i}`)));
    assert.deepEqual(
      answers.map(String),
      Array.from({ length: 100 }, (_, i) => `m${i}`),
    );
    const large = Buffer.alloc(4_000_000, "0123456789");
    assert.ok(large.equals((await unary(client, large)) as Buffer));
    const stats = await proxy.stats("upstream_rq|cx_http2");
    assert.equal(stats.get("cluster.app.upstream_rq_200"), 101);
    assert.equal(stats.get("cluster.app.upstream_cx_http2_total"), 1);
  });

  it("errors of the service, in trailers", async (t) => {
    const { client } = await scene(t);
    const error = errorOf(await unary(client, "fail"));
    assert.deepEqual([error.code, error.details], [grpc.status.INVALID_ARGUMENT, "that is wrong"]);
  });

  it("deadlines, and the service hears that the call is off", async (t) => {
    const { proxy, client } = await scene(t);
    const error = errorOf(await unary(client, "wait", { deadline: Date.now() + 300 }));
    assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED);
    await proxy.until(
      "the end of the upstream stream",
      async () => (await proxy.stats()).get("cluster.app.upstream_rq_active") === 0,
    );
    assert.equal(String(await unary(client, "after")), "after");
  });

  it("streams of the client, of the server and of both", async (t) => {
    const { client } = await scene(t);
    const collected = await new Promise<string>((resolve, reject) => {
      const call = client.collect!((error: Error | null, answer: Buffer) =>
        error ? reject(error) : resolve(String(answer)),
      );
      for (let i = 0; i < 100; i++) call.write(Buffer.from(`${i},`));
      call.end();
    });
    assert.equal(collected, Array.from({ length: 100 }, (_, i) => `${i},`).join(""));
    const repeated: string[] = [];
    for await (const part of client.repeat!(Buffer.from("x"))) repeated.push(String(part));
    assert.equal(repeated.length, 100);
    const chat = client.chat!();
    const echoes: string[] = [];
    for (const word of ["one", "two", "three"]) {
      const answer = new Promise<void>((resolve) => {
        chat.once("data", (part: Buffer) => {
          echoes.push(String(part));
          resolve();
        });
      });
      chat.write(Buffer.from(word));
      await answer;
    }
    const status = new Promise<grpc.StatusObject>((resolve) => chat.on("status", resolve));
    chat.end();
    assert.equal((await status).code, grpc.status.OK);
    assert.deepEqual(echoes, ["one", "two", "three"]);
  });

  it("answers of the proxy itself as gRPC statuses", async (t) => {
    const { client } = await scene(t, 1);
    const error = errorOf(await unary(client, "nobody is there"));
    assert.equal(error.code, grpc.status.UNAVAILABLE);
    assert.match(error.details, /upstream connect error/);
  });
});
