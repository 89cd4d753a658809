import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GrpcFrameReader, grpcFrame } from "../../../../src/http/grpc/grpc-frames.ts";
import { decodeGrpcMessage, encodeGrpcMessage } from "../../../../src/http/grpc/grpc-message.ts";

describe("gRPC frames", () => {
  const wire = Buffer.concat(["one", "", "three"].map((text) => grpcFrame(Buffer.from(text))));

  it("come out as they went in, however the bytes are cut", () => {
    for (let size = 1; size <= wire.length; size++) {
      const reader = new GrpcFrameReader(5);
      const messages: string[] = [];
      for (let at = 0; at < wire.length; at += size) {
        reader.push(wire.subarray(at, at + size));
        for (let frame = reader.next(); frame !== null; frame = reader.next()) messages.push(frame.message.toString());
      }
      assert.deepEqual(messages, ["one", "", "three"]);
      assert.equal(reader.isInMessage, false);
    }
  });

  it("are refused when they are too long or have unknown flags", () => {
    const long = new GrpcFrameReader(4);
    long.push(wire);
    assert.deepEqual(
      [long.next()?.message.toString(), long.next()?.message.toString(), long.next()],
      ["one", "", null],
    );
    assert.equal(long.error, "tooLarge");
    long.push(wire);
    assert.equal(long.next(), null);
    const compressed = Buffer.from([1, 0, 0, 0, 0]);
    const strict = new GrpcFrameReader(4);
    strict.push(compressed);
    assert.deepEqual([strict.next(), strict.error], [null, "badFlags"]);
    const lenient = new GrpcFrameReader(4, true);
    lenient.push(compressed);
    assert.equal(lenient.next()?.flags, 1);
  });
});

describe("The text of grpc-message", () => {
  it("survives its encoding", () => {
    for (const text of ["plain", "100 %", "ü\n€"]) assert.equal(decodeGrpcMessage(encodeGrpcMessage(text)), text);
    assert.equal(encodeGrpcMessage("ü %"), "%C3%BC %25");
    assert.equal(decodeGrpcMessage("50% of %zz"), "50% of %zz");
  });
});
