import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseHeaderMap, TrailerMap } from "../../../../src/http/header-map.ts";
import { Http1ServerPeer, noAnswer } from "../../../harness/http1-server-peer.ts";

const GET = "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";
const OK = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe("Http1ServerConnection", () => {
  it("decodes a request without a body", () => {
    const peer = new Http1ServerPeer();
    peer.feed(GET);
    const { headers, ends, version } = peer.request;
    assert.equal(headers.method, "GET");
    assert.equal(headers.path, "/a?b=c");
    assert.equal(headers.authority, "example.com");
    assert.deepEqual(headers.list, ["user-agent", "x", "accept", "*/*"]);
    assert.equal(ends, 1);
    assert.equal(version, "HTTP/1.1");
    assert.equal(peer.sink.text, OK("1"));
    assert.equal(peer.connection.shouldClose, false);
  });

  it("serves many requests on one connection", () => {
    const peer = new Http1ServerPeer();
    for (let i = 0; i < 5; i++) peer.feed(GET);
    assert.equal(peer.sink.text, [1, 2, 3, 4, 5].map((n) => OK(String(n))).join(""));
  });

  it("answers pipelined requests in order, without deep recursion", () => {
    const peer = new Http1ServerPeer();
    peer.feed(GET.repeat(20_000));
    assert.equal(peer.requests.length, 20_000);
    assert.ok(peer.sink.text.endsWith(OK("20000")));
  });

  it("decodes a pipelined request only when the response before it is complete", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(GET + GET);
    assert.equal(peer.requests.length, 1);
    const { encoder } = peer.requests[0]!;
    encoder.encodeHeaders(new ResponseHeaderMap(200), false);
    encoder.encodeData(Buffer.from("x"), false);
    peer.settle();
    assert.equal(peer.requests.length, 1);
    encoder.encodeData(Buffer.alloc(0), true);
    assert.equal(peer.requests.length, 1, "not from inside the encode call");
    peer.settle();
    assert.equal(peer.requests.length, 2);
  });

  it("stops reading when a client pipelines more than it keeps, and goes on later", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(GET);
    peer.feed(GET);
    assert.equal(peer.pauses, 0);
    peer.feed(GET.repeat(300));
    assert.equal(peer.pauses, 1);
    peer.requests[0]!.encoder.encodeHeaders(new ResponseHeaderMap(204), true);
    assert.equal(peer.pauses, 0);
    peer.settle();
    assert.equal(peer.requests.length, 2);
    assert.equal(peer.pauses, 1);
  });

  it("decodes a body with a length as the buffers that came in", () => {
    const peer = new Http1ServerPeer();
    peer.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    assert.equal(peer.request.body, "01234");
    assert.equal(peer.request.ends, 0);
    peer.feed("56789");
    assert.equal(peer.request.body, "0123456789");
    assert.equal(peer.request.ends, 1);
    assert.equal(peer.request.headers.get("content-length"), "10");
  });

  it("decodes a chunked body and drops its extensions and trailers", () => {
    const peer = new Http1ServerPeer();
    peer.feed(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b;c="d e"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
    );
    assert.equal(peer.request.body, "abc0123456789");
    assert.equal(peer.request.ends, 1);
    assert.equal(peer.request.trailers, null);
    assert.equal(peer.request.headers.has("transfer-encoding"), false);
  });

  it("hands on trailers if they are enabled, without those that may not be ones", () => {
    const peer = new Http1ServerPeer({ enableTrailers: true });
    peer.feed(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: y\r\nHost: b\r\nContent-Length: 5\r\nAuthorization: z\r\n\r\n",
    );
    assert.deepEqual(peer.request.trailers?.list, ["x-sum", "y"]);
    assert.equal(peer.request.ends, 1);
  });

  it("frames a response of unknown length as chunks", () => {
    const peer = new Http1ServerPeer({}, ({ encoder }) => {
      encoder.encodeHeaders(new ResponseHeaderMap(200, ["x", "y"]), false);
      encoder.encodeData(Buffer.from("hello"), false);
      encoder.encodeData(Buffer.alloc(0), false);
      encoder.encodeData(Buffer.alloc(600, "z"), false);
      encoder.encodeData(Buffer.from("!"), true);
    });
    peer.feed(GET);
    assert.equal(
      peer.sink.text,
      `HTTP/1.1 200 OK\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n258\r\n${"z".repeat(600)}\r\n1\r\n!\r\n0\r\n\r\n`,
    );
  });

  it("writes the response head in one call", () => {
    const peer = new Http1ServerPeer({}, ({ encoder }) => encoder.encodeHeaders(new ResponseHeaderMap(404), true));
    peer.feed(GET);
    assert.equal(peer.sink.text, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    assert.equal(peer.sink.writes, 1);
  });

  it("writes response trailers only if they are enabled", () => {
    const answer = (peer: Http1ServerPeer): string => {
      peer.feed(GET);
      const { encoder } = peer.request;
      encoder.encodeHeaders(new ResponseHeaderMap(200), false);
      encoder.encodeData(Buffer.from("a"), false);
      encoder.encodeTrailers(new TrailerMap(["x-sum", "1", "content-length", "3"]));
      return peer.sink.text.split("\r\n\r\n").slice(1).join("\r\n\r\n");
    };
    assert.equal(answer(new Http1ServerPeer({}, noAnswer)), "1\r\na\r\n0\r\n\r\n");
    assert.equal(answer(new Http1ServerPeer({ enableTrailers: true }, noAnswer)), "1\r\na\r\n0\r\nx-sum: 1\r\n\r\n");
  });
});
