import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { frameText, grpcProxied, messageOf } from "../grpc-proxied.ts";

const GRPC = { "content-type": "application/grpc", te: "trailers" };
const PROTOBUF = { "content-type": "application/x-protobuf", te: "trailers" };
const target = "/test.Echo/Unary";

describe("The grpc_http1_bridge filter", () => {
  it("puts trailers into headers and counts calls by method", async (test) => {
    const proxied = await grpcProxied(test, "grpc_http1_bridge", "Config");
    const client = await proxied.client();
    const fine = await client.request({ method: "POST", target, headers: GRPC, body: frameText("hello") });
    assert.deepEqual([fine.status, fine.header("grpc-status"), messageOf(fine.body)], [200, "0", "hello"]);
    assert.equal(fine.header("content-length"), "10");
    const again = await client.request({ method: "POST", target, headers: GRPC, body: frameText("again") });
    assert.equal(messageOf(again.body), "again");
    assert.equal(proxied.stat("cluster.app.grpc.test.Echo.Unary.success"), 2);
  });

  it("tells the failure of a call", async (test) => {
    const proxied = await grpcProxied(test, "grpc_http1_bridge", "Config");
    const client = await proxied.client();
    const wrong = await client.request({ method: "POST", target, headers: GRPC, body: frameText("fail") });
    assert.deepEqual([wrong.header("grpc-status"), wrong.header("grpc-message")], ["3", "that%20is%20wrong"]);
    assert.equal(proxied.stat("cluster.app.grpc.test.Echo.Unary.3"), 1);
  });

  it("answers 503 to a failure behind a message", async (test) => {
    const { startHttp2Upstream } = await import("../../../../harness/http2-upstream.ts");
    const upstream = await startHttp2Upstream(test, (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "5", "grpc-message": "gone" }));
      stream.end(Buffer.from(frameText("partial"), "latin1"));
    });
    const proxied = await grpcProxied(test, "grpc_http1_bridge", "Config", {}, { port: upstream.port });
    const client = await proxied.client();
    const answer = await client.request({ method: "POST", target, headers: GRPC, body: frameText("x") });
    assert.deepEqual([answer.status, answer.header("grpc-status"), answer.header("grpc-message")], [503, "5", "gone"]);
  });

  it("wraps plain protobuf and unwraps the answer", async (test) => {
    const proxied = await grpcProxied(test, "grpc_http1_bridge", "Config", {
      upgrade_protobuf_to_grpc: true,
      ignore_query_parameters: true,
    });
    const client = await proxied.client();
    for (const body of ["plain bytes", ""]) {
      const request = { method: "POST", target: `${target}?debug=1`, headers: PROTOBUF, body };
      const answer = await client.request(request);
      assert.deepEqual(
        [answer.status, answer.body, answer.header("grpc-status"), answer.header("content-type")],
        [200, body, "0", "application/x-protobuf"],
      );
      assert.equal(answer.header("content-length"), String(body.length));
    }
  });

  it("leaves other requests alone", async (test) => {
    const proxied = await grpcProxied(
      test,
      "grpc_http1_bridge",
      "Config",
      {},
      { port: undefined as never, cluster: {} },
    );
    const client = await proxied.client();
    proxied.upstream.setScript((exchange) => exchange.respond({ body: "up" }));
    assert.equal((await client.request({ method: "POST", headers: PROTOBUF, body: "x" })).body, "up");
    assert.match(proxied.upstream.received, /application\/x-protobuf/);
  });
});
