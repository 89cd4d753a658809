import assert from "node:assert/strict";
import http2 from "node:http2";
import { describe, it } from "node:test";
import { Base64Decoder, FrameBase64Encoder } from "../../../../../src/extensions/http/grpc_web/grpc-web-text.ts";
import { grpcFrame } from "../../../../../src/http/grpc/grpc-frames.ts";
import { http2Exchange } from "../../../../harness/http2-client-exchange.ts";
import { filtered } from "../filtered.ts";
import { framesOf, frameText, grpcProxied } from "../grpc-proxied.ts";

const BINARY = { "content-type": "application/grpc-web+proto", accept: "application/grpc-web+proto" };
const TEXT = { "content-type": "application/grpc-web-text", accept: "application/grpc-web-text" };

describe("The grpc_web filter", () => {
  it("calls a gRPC service in binary form, with the trailers in the body", async (test) => {
    const proxied = await grpcProxied(test, "grpc_web", "GrpcWeb");
    const client = await proxied.client();
    const target = "/test.Echo/Unary";
    const fine = await client.request({ method: "POST", target, headers: BINARY, body: frameText("hello") });
    assert.equal(fine.header("content-type"), "application/grpc-web+proto");
    assert.equal(framesOf(fine.body)[0], "0 hello");
    assert.match(framesOf(fine.body)[1]!, /^128 (?:.*\r\n)*grpc-status:0\r\n/);
    const wrong = await client.request({ method: "POST", target, headers: BINARY, body: frameText("fail") });
    assert.match(`${wrong.header("grpc-status")}${wrong.body}`, /3/);
    const of = (name: string): number => proxied.stat(`cluster.app.grpc-web.test.Echo.Unary.${name}`);
    assert.deepEqual([of("0"), of("3"), of("success"), of("failure"), of("total")], [1, 1, 1, 1, 2]);
  });

  it("calls it in text form, each frame padded on its own", async (test) => {
    const proxied = await grpcProxied(test, "grpc_web", "GrpcWeb");
    const client = await proxied.client();
    const body = Buffer.from(frameText("m1"), "latin1").toString("base64");
    const answer = await client.request({ method: "POST", target: "/test.Echo/Repeat", headers: TEXT, body });
    assert.equal(answer.header("content-type"), "application/grpc-web-text+proto");
    const one = grpcFrame(Buffer.from("m1")).toString("base64");
    assert.ok(answer.body.startsWith(one.repeat(100)), answer.body.slice(0, 100));
    const trailers = Buffer.from(answer.body.slice(one.length * 100), "base64").toString("latin1");
    assert.match(framesOf(trailers)[0]!, /^128 (?:.*\r\n)*grpc-status:0\r\n/);
  });

  it("answers over HTTP/2 without trailers", async (test) => {
    const proxied = await grpcProxied(test, "grpc_web", "GrpcWeb");
    const session = http2.connect(`http://127.0.0.1:${proxied.path.port}`);
    test.after(() => session.destroy());
    const request = { ":method": "POST", ":path": "/test.Echo/Unary", ...BINARY };
    const answer = await http2Exchange(session, request, frameText("hello"));
    assert.equal(framesOf(answer.body)[0], "0 hello");
    assert.equal(answer.trailers["grpc-status"], undefined);
  });

  it("refuses what is no base64", async (test) => {
    const proxied = await grpcProxied(test, "grpc_web", "GrpcWeb");
    for (const [body, details] of [
      ["AAAAA", "grpc_base_64_decode_failed_bad_size"],
      ["AA!=", "grpc_base_64_decode_failed"],
    ] as const) {
      const client = await proxied.client();
      await client.request({ method: "POST", target: "/test.Echo/Unary", headers: TEXT, body });
      await proxied.logged(proxied.path.logged.length || 1);
      assert.equal(proxied.path.logged.at(-1)?.details, details);
    }
  });

  it("makes a message of a response that is no gRPC", async (test) => {
    const long = "x".repeat(20_000);
    const script = {
      script: (exchange: { respond(response: object): void }) =>
        exchange.respond({ status: 503, body: `über ${long}` }),
    };
    const proxied = await filtered(test, "grpc_web", "GrpcWeb", {}, script);
    const client = await proxied.client();
    const answer = await client.request({ method: "POST", target: "/a.B/C", headers: BINARY, body: frameText("x") });
    assert.deepEqual([answer.status, answer.header("grpc-status"), answer.body], [503, "14", ""]);
    const message = decodeURIComponent(answer.header("grpc-message")!);
    assert.ok(message.startsWith("über xxx"));
    assert.equal(Buffer.byteLength(message), 16_384);
  });

  it("leaves other requests alone", async (test) => {
    const proxied = await filtered(test, "grpc_web", "GrpcWeb");
    const client = await proxied.client();
    const answer = await client.request({ method: "POST", body: "x", headers: { "content-type": "text/plain" } });
    assert.deepEqual([answer.body, answer.header("grpc-status")], ["up", undefined]);
    assert.match(proxied.upstream.received, /content-type: text\/plain/);
  });
});

describe("gRPC-Web as text", () => {
  it("is decoded however it is cut, with padding in the middle", () => {
    const text = Buffer.from(["a", "bc", "def"].map((part) => Buffer.from(part).toString("base64")).join(""));
    for (let size = 1; size <= text.length; size++) {
      const decoder = new Base64Decoder();
      let decoded = "";
      for (let at = 0; at < text.length; at += size) {
        const part = decoder.decode(text.subarray(at, at + size), at + size >= text.length);
        assert.ok(typeof part !== "string");
        decoded += part.toString();
      }
      assert.equal(decoded, "abcdef");
    }
    for (const bad of ["====", "A===", "AB=C", "A*BC"]) {
      assert.equal(new Base64Decoder().decode(Buffer.from(bad), true), "data", bad);
    }
  });

  it("is encoded frame by frame, however the frames are cut", () => {
    const frames = ["", "a", "bc", "def"].map((text) => grpcFrame(Buffer.from(text)));
    const wire = Buffer.concat(frames);
    const expected = frames.map((frame) => frame.toString("base64")).join("");
    for (let size = 1; size <= wire.length; size++) {
      const encoder = new FrameBase64Encoder();
      let text = "";
      for (let at = 0; at < wire.length; at += size) text += encoder.encode(wire.subarray(at, at + size)).toString();
      assert.equal(text, expected);
    }
  });
});
