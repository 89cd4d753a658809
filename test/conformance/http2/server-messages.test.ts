import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Http2Error } from "../../../src/http/http2/codec-details.ts";
import { ErrorCode, FrameFlag } from "../../../src/http/http2/frame.ts";
import { Http2ServerPeer, silence } from "../../harness/http2-server-peer.ts";
import {
  dataFrame,
  type Fields,
  frame,
  GET,
  headersFrame,
  POST,
  pingFrame,
  plainBlock,
} from "../../harness/http2-wire.ts";

const without = (fields: Fields, name: string): string[] => {
  const at = fields.indexOf(name);
  return [...fields.slice(0, at), ...fields.slice(at + 2)];
};

/** Requests that are malformed (RFC 9113 §8.1.1), as their frames on stream 1. */
const malformed: readonly (readonly [rule: string, ...frames: Buffer[]])[] = [
  ["8.2.1 a name with an upper-case letter", headersFrame(1, [...GET, "X-a", "b"])],
  ["8.2.1 a name with a space", headersFrame(1, [...GET, "x a", "b"])],
  ["8.2.1 an empty name", headersFrame(1, [...GET, "", "b"])],
  ["8.2.1 a name with CR", headersFrame(1, [...GET, "x\r", "b"])],
  ["8.2.1 a name with a byte above 0x7f", headersFrame(1, [...GET, "x\xe9", "b"])],
  ["8.2.1 a value with CR and LF", headersFrame(1, [...GET, "x-a", "b\r\nx-evil: c"])],
  ["8.2.1 a value with NUL", headersFrame(1, [...GET, "x-a", "b\0c"])],
  ["8.2.1 a path with LF", headersFrame(1, [":method", "GET", ":scheme", "http", ":path", "/\n", ":authority", "a"])],
  ["8.2.1 a method with CR", headersFrame(1, [":method", "G\r", ":scheme", "http", ":path", "/", ":authority", "a"])],
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map(
    (name) => [`8.2.2 ${name}`, headersFrame(1, [...GET, name, "close"])] as const,
  ),
  ["8.2.2 te other than trailers", headersFrame(1, [...GET, "te", "gzip"])],
  ["8.3 a pseudo-header behind others", headersFrame(1, ["x-a", "b", ...GET])],
  ["8.3 an unknown pseudo-header", headersFrame(1, [...GET, ":evil", "b"])],
  ["8.3 a pseudo-header of responses", headersFrame(1, [...GET, ":status", "200"])],
  ["8.3.1 no :method", headersFrame(1, without(GET, ":method"))],
  ["8.3.1 no :scheme", headersFrame(1, without(GET, ":scheme"))],
  ["8.3.1 no :path", headersFrame(1, without(GET, ":path"))],
  ["8.3.1 an empty :path", headersFrame(1, [...without(GET, ":path"), ":path", ""])],
  ["8.3.1 :method twice", headersFrame(1, [":method", "GET", ...GET])],
  ["8.3.1 :path twice", headersFrame(1, [":path", "/", ...GET])],
  ["8.3.1 :authority twice", headersFrame(1, [":authority", "a", ...GET])],
  ["8.3.1 a :scheme that is no scheme of HTTP", headersFrame(1, [...without(GET, ":scheme"), ":scheme", "ftp"])],
  ["8.3.1 a :path with a space", headersFrame(1, [...without(GET, ":path"), ":path", "/a b"])],
  ["8.3.1 an :authority with a user name", headersFrame(1, [...without(GET, ":authority"), ":authority", "u@a"])],
  ["8.3.1 host other than :authority", headersFrame(1, [...GET, "host", "b"])],
  ["8.3.1 host twice", headersFrame(1, [...without(GET, ":authority"), "host", "a", "host", "a"])],
  ["8.5 CONNECT with :path", headersFrame(1, [":method", "CONNECT", ":path", "/", ":authority", "a:1"])],
  ["8.5 CONNECT without :authority", headersFrame(1, [":method", "CONNECT"])],
  ["8.5 CONNECT without a port", headersFrame(1, [":method", "CONNECT", ":authority", "a"], false)],
  [
    "RFC 8441 :protocol that was not offered",
    headersFrame(1, [":method", "CONNECT", ":protocol", "websocket", ...GET.slice(2)], false),
  ],
  ["8.1.1 content-length without a body", headersFrame(1, [...GET, "content-length", "3"])],
  ["8.1.1 content-length that is no number", headersFrame(1, [...POST, "content-length", "+3"], false)],
  ["8.1.1 content-length twice", headersFrame(1, [...POST, "content-length", "3", "content-length", "3"], false)],
  [
    "8.1.1 less body than content-length",
    headersFrame(1, [...POST, "content-length", "4"], false),
    dataFrame(1, "abc", true),
  ],
  [
    "8.1.1 more body than content-length",
    headersFrame(1, [...POST, "content-length", "2"], false),
    dataFrame(1, "abc"),
  ],
  [
    "8.1.1 less body than content-length, then trailers",
    headersFrame(1, [...POST, "content-length", "4"], false),
    dataFrame(1, "abc"),
    headersFrame(1, ["a", "b"]),
  ],
  ["8.1 trailers that do not end the stream", headersFrame(1, POST, false), headersFrame(1, ["a", "b"], false)],
  ["8.1 trailers with a pseudo-header", headersFrame(1, POST, false), headersFrame(1, [":method", "GET"])],
  ["8.1 trailers with a connection header", headersFrame(1, POST, false), headersFrame(1, ["connection", "close"])],
];

describe("A malformed request", () => {
  for (const [rule, ...frames] of malformed) {
    it(`ends the connection and goes nowhere: ${rule}`, () => {
      const peer = Http2ServerPeer.started({}, silence);
      assert.deepEqual(peer.feed(...frames).slice(-1), ["GOAWAY last 1 code 1"]);
      assert.equal((peer.error as Http2Error).code, ErrorCode.protocolError);
      assert.equal(peer.error!.details, "http2.violation.of.messaging.rule");
      assert.equal(peer.counted.rx_messaging_error, 1);
      assert.ok(peer.requests.every((request) => !request.ended));
    });

    it(`ends its stream only, if so configured: ${rule}`, () => {
      const peer = Http2ServerPeer.started({ protocol: { streamErrorOnInvalidHttpMessage: true } }, silence);
      assert.deepEqual(peer.feed(...frames), ["RST_STREAM 1 code 1"]);
      assert.equal(peer.error, null);
      assert.ok(peer.requests.every((request) => !request.ended));
      assert.equal(peer.refused + peer.requests.filter((request) => request.reset !== null).length, 1);
      assert.deepEqual(peer.feed(headersFrame(3, GET), pingFrame()), ["PING ack 12345678"]);
      assert.equal(peer.requests.at(-1)!.headers.path, "/");
    });
  }
});

describe("A request", () => {
  it("is its pseudo-headers, its other headers in their order, its body and its trailers", () => {
    const peer = Http2ServerPeer.started({}, silence);
    const fields = [...POST, "x-b", "1", "te", "trailers", "x-a", "2", "x-b", "3", "content-length", "6"];
    peer.feed(
      headersFrame(1, fields, false),
      dataFrame(1, "abc"),
      dataFrame(1, "def"),
      headersFrame(1, ["x-sum", "7"]),
    );
    const { headers, body, trailers, ended } = peer.request;
    assert.deepEqual([headers.method, headers.scheme, headers.path, headers.authority], ["POST", "http", "/", "a"]);
    assert.deepEqual(headers.list, ["x-b", "1", "te", "trailers", "x-a", "2", "x-b", "3", "content-length", "6"]);
    assert.deepEqual([body, trailers?.list, ended], ["abcdef", ["x-sum", "7"], true]);
    assert.equal(peer.counted.trailers, 1);
  });

  it("may say host instead of :authority, or both alike", () => {
    for (const fields of [
      [...without(GET, ":authority"), "host", "b"],
      [...without(GET, ":authority"), ":authority", "b", "host", "B"],
    ]) {
      const peer = Http2ServerPeer.started({}, silence);
      peer.feed(headersFrame(1, fields));
      assert.equal(peer.request.headers.authority, "b");
      assert.deepEqual(peer.request.headers.list, []);
    }
  });

  it("has its cookies joined, where the first of them stood", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(headersFrame(1, [...GET, "cookie", "a=b", "x", "y", "cookie", "c=d", "cookie", "e=f"]));
    assert.deepEqual(peer.request.headers.list, ["cookie", "a=b; c=d; e=f", "x", "y"]);
  });

  it("has blanks around values removed", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(headersFrame(1, [...GET, "x", " \ty z\t "]));
    assert.deepEqual(peer.request.headers.list, ["x", "y z"]);
  });

  it("may be CONNECT, also extended if that was offered", () => {
    const plain = Http2ServerPeer.started({}, silence);
    plain.feed(headersFrame(1, [":method", "CONNECT", ":authority", "a:443"], false));
    assert.equal(plain.request.headers.path, "");
    const extended = Http2ServerPeer.started({ protocol: { allowConnect: true } }, silence);
    extended.feed(headersFrame(1, [":method", "CONNECT", ":protocol", "websocket", ...GET.slice(2)], false));
    const { headers } = extended.request;
    assert.deepEqual([headers.method, headers.protocol, headers.path], ["GET", "websocket", "/"]);
    assert.deepEqual(headers.list.slice(0, 5), ["connection", "upgrade", "upgrade", "websocket", "sec-websocket-key"]);
  });

  it("waits for its body with 100, if it says so and nobody else will answer", () => {
    const fields = [...POST, "expect", "100-continue"];
    const own = Http2ServerPeer.started({}, silence);
    assert.deepEqual(own.feed(headersFrame(1, fields, false)), ["HEADERS 1 [:status: 100]"]);
    assert.equal(own.request.headers.has("expect"), false);
    const passedOn = Http2ServerPeer.started({ proxy100Continue: true }, silence);
    assert.deepEqual(passedOn.feed(headersFrame(1, fields, false)), []);
    assert.equal(passedOn.request.headers.get("expect"), "100-continue");
  });

  it("loses headers with underscores, or is refused for them, if so configured", () => {
    const fields = [...GET, "x_a", "b", "x-a", "c"];
    const dropping = Http2ServerPeer.started({ headersWithUnderscoresAction: "dropHeader" }, silence);
    dropping.feed(headersFrame(1, fields));
    assert.deepEqual(dropping.request.headers.list, ["x-a", "c"]);
    assert.equal(dropping.counted.dropped_headers_with_underscores, 1);
    const refusing = Http2ServerPeer.started({ headersWithUnderscoresAction: "rejectRequest" }, silence);
    assert.deepEqual(refusing.feed(headersFrame(1, fields)), ["RST_STREAM 1 code 1"]);
    assert.equal(refusing.counted.requests_rejected_with_underscores_in_headers, 1);
    assert.equal(refusing.requests.length, 0);
    refusing.feed(headersFrame(3, POST, false), headersFrame(3, ["x_a", "b"]));
    assert.equal(refusing.request.reset, "protocol error (http2.unexpected_underscore)");
  });
});

describe("A header block that is too large", () => {
  const many = (count: number, name = "x-a"): Fields => Array.from({ length: count }, () => [name, "b"]).flat();
  const cases: readonly (readonly [what: string, fields: Fields])[] = [
    ["more than 100 fields", many(101)],
    ["more than 60 KiB", Array.from({ length: 10 }, () => ["x-a", "b".repeat(6200)]).flat()],
    ["4,000 cookie crumbs", many(4000, "cookie")],
  ];
  for (const [what, fields] of cases) {
    it(`costs its stream: ${what}`, () => {
      const peer = Http2ServerPeer.started({}, silence);
      const block = plainBlock([...GET, ...fields]);
      const frames: Buffer[] = [];
      for (let at = 0; at < block.length; at += 16_384) {
        const last = at + 16_384 >= block.length ? FrameFlag.endHeaders : 0;
        frames.push(
          frame(at === 0 ? 1 : 9, at === 0 ? last | FrameFlag.endStream : last, 1, block.subarray(at, at + 16_384)),
        );
      }
      assert.deepEqual(peer.feed(...frames), ["RST_STREAM 1 code 2"]);
      assert.equal(peer.requests.length, 0);
      assert.equal(peer.counted.header_overflow, 1);
      assert.deepEqual(peer.feed(headersFrame(3, GET), pingFrame()), ["PING ack 12345678"], "others go on");
    });
  }

  it("is refused as trailers, too", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(headersFrame(1, POST, false));
    assert.deepEqual(peer.feed(headersFrame(1, many(101))), ["RST_STREAM 1 code 2"]);
    assert.equal(peer.request.reset, "protocol error (http2.too_many_headers)");
  });

  it("costs the connection if it comes in ever more frames", () => {
    const peer = Http2ServerPeer.started({}, silence);
    const frames = [frame(1, 0, 1, plainBlock(GET))];
    for (let i = 0; i < 20; i++) frames.push(frame(9, 0, 1, plainBlock(["x-a", "b"])));
    assert.deepEqual(peer.feed(...frames), ["GOAWAY last 0 code 11"]);
    assert.ok((peer.error as Http2Error).isFlood);
  });

  it("is small in memory, however often it refers to one large field", () => {
    const peer = Http2ServerPeer.started({}, silence);
    const large = Buffer.concat([
      Buffer.from([0x40, 3]),
      Buffer.from("x-a\x7f\xa1\x1e", "latin1"),
      Buffer.alloc(4000, "b"),
    ]);
    const block = Buffer.concat([plainBlock(GET), large, Buffer.alloc(10_000, 0xbe)]);
    assert.deepEqual(peer.feed(frame(1, FrameFlag.endHeaders | FrameFlag.endStream, 1, block)), [
      "RST_STREAM 1 code 2",
    ]);
    assert.equal(peer.counted.header_overflow, 1);
  });
});
