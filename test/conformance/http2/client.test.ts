import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Http2Error } from "../../../src/http/http2/codec-details.ts";
import { ErrorCode, FrameFlag, Setting } from "../../../src/http/http2/frame.ts";
import { Http2ClientPeer, request } from "../../harness/http2-client-peer.ts";
import {
  dataFrame,
  type Fields,
  frame,
  goAwayFrame,
  headersFrame,
  pingFrame,
  plainBlock,
  rstFrame,
  SETTINGS_ACK,
  settingsFrame,
  windowUpdateFrame,
} from "../../harness/http2-wire.ts";

const OK: Fields = [":status", "200"];
const CODE_NAMES = Object.fromEntries(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** A client past the greetings, with the windows and limits that the server gave. */
function started(...settings: number[]): Http2ClientPeer {
  const peer = new Http2ClientPeer();
  peer.start();
  peer.feed(settingsFrame(...settings), SETTINGS_ACK);
  return peer;
}

describe("RFC 9113: a client", () => {
  it("§3.4 begins with the preface and SETTINGS without push", () => {
    assert.deepEqual(new Http2ClientPeer().start(), [
      `SETTINGS 2=0 3=1024 4=${16 * 1024 * 1024}`,
      `WINDOW_UPDATE 0 +${24 * 1024 * 1024 - 65_535}`,
    ]);
  });

  it("§8.3.1 sends pseudo-headers first and leaves out what belongs to HTTP/1", () => {
    const peer = started();
    const list = ["connection", "x", "host", "b", "transfer-encoding", "chunked", "te", "trailers", "x-a", "b"];
    peer.send(request("PUT", list));
    peer.send();
    assert.deepEqual(peer.sink.take(), [
      "HEADERS 1 end [:method: PUT, :scheme: http, :path: /, :authority: a, te: trailers, x-a: b]",
      "HEADERS 3 end [:method: GET, :scheme: http, :path: /, :authority: a]",
    ]);
  });

  it("§8.5 sends CONNECT with an authority only", () => {
    const peer = started();
    const headers = request("CONNECT");
    headers.path = "";
    headers.authority = "a:443";
    peer.send(headers, true);
    assert.deepEqual(peer.sink.take(), ["HEADERS 1 [:method: CONNECT, :authority: a:443]"]);
  });

  it("gets interim responses, headers, body and trailers of many streams in any order", () => {
    const peer = started();
    const [first, second] = [peer.send(), peer.send()];
    peer.feed(
      headersFrame(3, [":status", "103", "link", "x"], false),
      headersFrame(3, [...OK, "x-a", "b"], false),
      headersFrame(1, [":status", "404"], true),
      dataFrame(3, "abc"),
      headersFrame(3, ["grpc-status", "0"]),
    );
    assert.equal(first.headers?.status, 404);
    assert.ok(first.ended);
    assert.deepEqual(second.interim, [103]);
    assert.deepEqual([second.headers?.status, second.headers?.list], [200, ["x-a", "b"]]);
    assert.deepEqual([second.body, second.trailers?.list, second.ended], ["abc", ["grpc-status", "0"], true]);
    assert.deepEqual(peer.completed, ["reusable", "reusable"]);
    assert.equal(peer.stats.streams_active, 0);
  });

  it("knows that HEAD, 204 and 304 have no body, whatever content-length says", () => {
    const peer = started();
    const head = peer.send(request("HEAD"));
    const notModified = peer.send();
    peer.feed(
      headersFrame(1, [...OK, "content-length", "5"]),
      headersFrame(3, [":status", "304", "content-length", "5"]),
    );
    assert.ok(head.ended && notModified.ended);
    assert.equal(peer.error, null);
  });

  it("§5.1.2 opens as many streams as the server allows, 100 before it has said so", () => {
    const peer = new Http2ClientPeer();
    peer.start();
    assert.equal(peer.connection.maxStreams, 100);
    peer.feed(settingsFrame());
    assert.equal(peer.connection.maxStreams, 1024);
    peer.feed(settingsFrame(Setting.maxConcurrentStreams, 7));
    assert.equal(peer.connection.maxStreams, 7);
    assert.equal(peer.maxStreamsChanges, 2);
  });

  it("§6.8 opens no stream after GOAWAY, and those that the server has not looked at are refused", () => {
    const peer = started();
    const [first, second] = [peer.send(), peer.send()];
    peer.feed(goAwayFrame(1, 0));
    assert.deepEqual([first.reset, second.reset], [null, "remote refused stream reset (http2.remote_refuse)"]);
    assert.equal(peer.goAways, 1);
    assert.equal(peer.send().reset, "remote refused stream reset (http2.remote_refuse)");
    peer.feed(headersFrame(1, OK));
    assert.ok(first.ended);
    assert.deepEqual(peer.completed, ["last reset", "last reset", "last"]);
  });

  it("§6.4 tells why a stream was reset", () => {
    for (const [code, reason] of [
      [ErrorCode.refusedStream, "remote refused stream reset (http2.remote_refuse)"],
      [ErrorCode.internalError, "remote reset (http2.remote_reset)"],
    ] as const) {
      const peer = started();
      const seen = peer.send();
      peer.feed(rstFrame(1, code));
      assert.equal(seen.reset, reason);
      assert.deepEqual(peer.completed, ["reusable reset"]);
    }
  });

  it("cancels with CANCEL, also a request that waits for a window, and ignores what still comes", () => {
    const peer = started(Setting.initialWindowSize, 1);
    const seen = peer.send(request("POST"), true);
    seen.encoder.encodeData(Buffer.from("abc"), true);
    seen.encoder.stream.reset("local reset");
    assert.deepEqual(peer.sink.take().slice(1), ['DATA 1 "a"', "RST_STREAM 1 code 8"]);
    assert.deepEqual(peer.feed(headersFrame(1, OK, false), dataFrame(1, "abc"), headersFrame(1, ["a", "b"])), []);
    assert.equal(peer.error, null);
    assert.equal(peer.stats.pending_send_bytes, 0);
  });

  it("does not write a request that filters have made impossible", () => {
    for (const change of [{ method: "G T" }, { path: "/a b" }, { authority: "a\r\nb" }, { path: "" }]) {
      const peer = started();
      const seen = peer.send(Object.assign(request(), change));
      assert.equal(seen.reset, "protocol error (filter_added_invalid_request_data)");
      assert.deepEqual(peer.sink.take(), []);
      assert.deepEqual(peer.completed, ["reusable reset"]);
    }
  });
});

describe("RFC 9113: a client ends the connection with", () => {
  const { endHeaders, endStream } = FrameFlag;
  const fatal: readonly (readonly [code: keyof typeof ErrorCode, rule: string, ...frames: Buffer[]])[] = [
    ["protocolError", "5.1 HEADERS on a stream that it has not opened", headersFrame(3, OK)],
    ["protocolError", "5.1 HEADERS on a stream of the server's", headersFrame(2, OK)],
    ["protocolError", "5.1 RST_STREAM on a stream that it has not opened", rstFrame(3, 0)],
    ["protocolError", "5.1 WINDOW_UPDATE on a stream that it has not opened", windowUpdateFrame(3, 1)],
    ["protocolError", "8.1 DATA before HEADERS", dataFrame(1, "abc")],
    [
      "protocolError",
      "8.4 PUSH_PROMISE",
      frame(5, endHeaders, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), plainBlock(OK)])),
    ],
    ["streamClosed", "5.1 DATA behind the end", headersFrame(1, OK, false), dataFrame(1, "", true), dataFrame(1, "a")],
    ["compressionError", "4.3 a block that can't be decoded", frame(1, endHeaders | endStream, 1, Buffer.from([0x80]))],
    ["protocolError", "8.3.2 no :status", headersFrame(1, ["a", "b"])],
    ["protocolError", "8.3.2 :status twice", headersFrame(1, [...OK, ...OK])],
    ["protocolError", "8.3.2 a :status that is none", headersFrame(1, [":status", "2x0"])],
    ["protocolError", "8.6 101", headersFrame(1, [":status", "101"], false)],
    ["protocolError", "8.3.2 :path in a response", headersFrame(1, [...OK, ":path", "/"])],
    ["protocolError", "8.1 an interim response that ends the stream", headersFrame(1, [":status", "100"])],
    ["protocolError", "8.2.2 a connection header", headersFrame(1, [...OK, "connection", "close"])],
    ["protocolError", "8.2.1 CR and LF in a value", headersFrame(1, [...OK, "a", "b\r\nc: d"])],
    [
      "protocolError",
      "8.1.1 less body than content-length",
      headersFrame(1, [...OK, "content-length", "4"], false),
      dataFrame(1, "abc", true),
    ],
    ["protocolError", "8.1.1 no body of content-length", headersFrame(1, [...OK, "content-length", "4"])],
    ["protocolError", "8.1.1 a body of 204", headersFrame(1, [":status", "204"], false), dataFrame(1, "abc", true)],
    [
      "protocolError",
      "8.1 trailers that do not end the stream",
      headersFrame(1, OK, false),
      headersFrame(1, ["a", "b"], false),
    ],
  ];
  for (const [code, rule, ...frames] of fatal) {
    it(`${code} for ${rule}`, () => {
      const peer = started();
      // Not half-closed by the client yet, so that behind its end the stream is still known.
      const seen = peer.send(request("POST"), true);
      peer.sink.take();
      peer.feed(...frames);
      assert.equal(CODE_NAMES[(peer.error as Http2Error | null)?.code ?? -1], code);
      peer.connection.onRemoteClose();
      assert.notEqual(seen.reset, null);
    });
  }
});

describe("A client's stream only ends with", () => {
  it("headers that are too large", () => {
    const peer = started();
    const seen = peer.send();
    peer.sink.take();
    const many = Array.from({ length: 102 }, () => ["x-a", "b"]).flat();
    assert.deepEqual(peer.feed(headersFrame(1, [...OK, ...many]), pingFrame()), [
      "RST_STREAM 1 code 2",
      "PING ack 12345678",
    ]);
    assert.equal(seen.reset, "protocol error (http2.too_many_headers)");
  });

  it("more than 100 interim responses", () => {
    const peer = started();
    const seen = peer.send();
    peer.sink.take();
    const frames = Array.from({ length: 101 }, () => headersFrame(1, [":status", "103"], false));
    assert.deepEqual(peer.feed(...frames), ["RST_STREAM 1 code 11"]);
    assert.equal(seen.reset, "protocol error (http2.violation.of.messaging.rule)");
  });
});
