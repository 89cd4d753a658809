import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseHeaderMap } from "../../../../src/http/header-map.ts";
import { rawErrorResponse } from "../../../../src/http/http1/raw-error-response.ts";
import { Http1ServerPeer, noAnswer } from "../../../harness/http1-server-peer.ts";

const HOST = "Host: a\r\n";
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n`;
const CLOSED = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

function reply(peer: Http1ServerPeer, status = 200): void {
  peer.requests.at(-1)!.encoder.encodeHeaders(new ResponseHeaderMap(status), true);
}

describe("Http1ServerConnection: the end of a connection", () => {
  it("is announced with the response due after a shutdown notice", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(GET);
    peer.connection.shutdownNotice();
    assert.equal(peer.connection.shouldClose, false);
    reply(peer);
    assert.equal(peer.sink.text, CLOSED);
    assert.equal(peer.connection.shouldClose, true);
  });

  it("is announced with the next response if there is none due", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.connection.goAway();
    assert.equal(peer.connection.shouldClose, false);
    peer.feed(GET + GET);
    reply(peer);
    assert.equal(peer.sink.text, CLOSED);
    assert.equal(peer.requests.length, 1);
  });

  it("follows a response that comes before its request is complete (row 17)", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(`${POST}\r\n12`);
    reply(peer);
    assert.equal(peer.sink.text, CLOSED);
    assert.equal(peer.connection.shouldClose, true);
    peer.feed(`345${GET}`);
    assert.equal(peer.requests.length, 1);
    assert.equal(peer.request.body, "12");
  });

  it("resets a request that is not complete", () => {
    for (const bytes of [`${POST}\r\n12`, `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n`]) {
      const peer = new Http1ServerPeer({}, noAnswer);
      peer.feed(bytes);
      peer.connection.onRemoteClose();
      assert.equal(peer.request.reset, "connection termination");
      assert.equal(peer.connection.shouldClose, true);
    }
  });

  it("leaves a complete request its response", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(GET);
    peer.connection.onRemoteClose();
    assert.equal(peer.request.reset, null);
    assert.equal(peer.connection.shouldClose, false);
    reply(peer);
    assert.equal(peer.sink.text, CLOSED);
    assert.equal(peer.connection.shouldClose, true);
  });

  it("leaves pipelined requests their responses, and resets the one that is not complete", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(`${GET}${GET}${POST}\r\n12`);
    peer.connection.onRemoteClose();
    reply(peer);
    peer.settle();
    assert.equal(peer.requests.length, 2);
    assert.equal(peer.connection.shouldClose, false);
    reply(peer);
    peer.settle();
    assert.equal(peer.requests.length, 3);
    assert.equal(peer.requests[2]!.reset, "connection termination");
    assert.equal(peer.connection.shouldClose, true);
  });

  it("comes at once between requests, and in the middle of a head", () => {
    for (const bytes of ["", "\r\n", "GET / HT"]) {
      const peer = new Http1ServerPeer({}, noAnswer);
      peer.feed(bytes);
      assert.equal(peer.connection.isReadingHead, bytes !== "");
      peer.connection.onRemoteClose();
      assert.equal(peer.connection.isReadingHead, false);
      assert.equal(peer.connection.shouldClose, true);
    }
  });

  it("follows bytes that can't be read, which are answered and never followed by others", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(`${POST}Transfer-Encoding: chunked\r\n\r\n${GET}`);
    assert.equal(
      rawErrorResponse(new ResponseHeaderMap(peer.error!.status), null),
      "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    peer.connection.dispatch(Buffer.from(GET));
    assert.equal(peer.requests.length, 0);
  });

  it("follows a broken body, whose request can still be answered", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nx\r\n`);
    assert.equal(peer.error?.details, "http1.codec_error");
    reply(peer, 400);
    assert.equal(peer.sink.text, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  });
});

describe("Http1ServerConnection: Expect: 100-continue", () => {
  const EXPECT = `${POST}Expect: 100-Continue\r\n\r\n`;

  it("is answered by the codec, and taken out", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(EXPECT);
    assert.equal(peer.sink.take(), CONTINUE);
    assert.equal(peer.request.headers.has("expect"), false);
    peer.feed("12345");
    reply(peer);
    assert.equal(peer.sink.text, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert.equal(peer.connection.shouldClose, false);
  });

  it("is passed on if that is configured", () => {
    const peer = new Http1ServerPeer({ proxy100Continue: true }, noAnswer);
    peer.feed(EXPECT);
    assert.equal(peer.sink.text, "");
    assert.equal(peer.request.headers.get("expect"), "100-Continue");
    peer.request.encoder.encode1xxHeaders(new ResponseHeaderMap(100));
    assert.equal(peer.sink.text, CONTINUE);
  });

  it("needs no answer if there is no body", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(`GET / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`);
    assert.equal(peer.sink.text, "");
    assert.equal(peer.request.ends, 1);
  });

  it("ends the connection if the response comes first (row 7)", () => {
    const peer = new Http1ServerPeer({ proxy100Continue: true }, noAnswer);
    peer.feed(EXPECT);
    reply(peer, 417);
    assert.ok(peer.sink.text.endsWith("connection: close\r\n\r\n"));
    assert.equal(peer.connection.shouldClose, true);
    peer.feed(GET);
    assert.equal(peer.requests.length, 1);
  });
});

describe("Http1ServerConnection: upgrades and CONNECT", () => {
  const UPGRADE = `GET /chat HTTP/1.1\r\n${HOST}Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n`;
  const CONNECT = `CONNECT b:443 HTTP/1.1\r\n${HOST}\r\n`;

  it("hand on nothing behind the head until they are accepted, then everything as it is (row 16)", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(`${UPGRADE}early`);
    peer.feed(GET);
    assert.equal(peer.request.headers.protocol, "websocket");
    assert.equal(peer.request.body, "");
    const { encoder } = peer.request;
    encoder.encodeHeaders(new ResponseHeaderMap(101, ["upgrade", "websocket", "connection", "upgrade"]), false);
    assert.equal(
      peer.sink.take(),
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    );
    peer.settle();
    assert.equal(peer.request.body, `early${GET}`);
    encoder.encodeData(Buffer.from("frame"), false);
    assert.equal(peer.sink.text, "frame");
    peer.feed("more");
    peer.connection.onRemoteClose();
    assert.equal(peer.request.body, `early${GET}more`);
    assert.equal(peer.request.ends, 1);
    encoder.encodeData(Buffer.alloc(0), true);
    assert.equal(peer.connection.shouldClose, true);
  });

  it("drop what came early and close if they are refused (row 16)", () => {
    for (const request of [UPGRADE, CONNECT]) {
      const peer = new Http1ServerPeer({}, noAnswer);
      peer.feed(request + GET);
      reply(peer, 403);
      assert.ok(peer.sink.text.endsWith("connection: close\r\n\r\n"));
      assert.equal(peer.connection.shouldClose, true);
      peer.settle();
      peer.feed(GET);
      assert.equal(peer.requests.length, 1);
      assert.equal(peer.request.body, "");
    }
  });

  it("stop reading when much comes early", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(CONNECT);
    peer.feed(Buffer.alloc(20_000));
    assert.equal(peer.pauses, 1);
    peer.request.encoder.encodeHeaders(new ResponseHeaderMap(200), false);
    assert.equal(peer.pauses, 0);
    peer.settle();
    assert.equal(peer.request.body.length, 20_000);
  });

  it("open a tunnel for CONNECT, without framing", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(CONNECT);
    assert.equal(peer.request.headers.authority, "b:443");
    assert.equal(peer.request.headers.path, "");
    assert.equal(peer.request.ends, 0);
    peer.request.encoder.encodeHeaders(new ResponseHeaderMap(200, ["content-length", "5"]), false);
    assert.equal(peer.sink.take(), "HTTP/1.1 200 OK\r\n\r\n");
    peer.feed("hello");
    assert.equal(peer.request.body, "hello");
  });

  it("hand on a body of known length before they are accepted", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(`POST / HTTP/1.1\r\n${HOST}Connection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 3\r\n\r\nabcraw`);
    assert.equal(peer.request.body, "abc");
    assert.equal(peer.request.ends, 0);
    peer.request.encoder.encodeHeaders(new ResponseHeaderMap(101, ["upgrade", "tcp"]), false);
    peer.settle();
    assert.equal(peer.request.body, "abcraw");
  });

  it("do not switch protocols for a request that did not ask", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(GET);
    peer.request.encoder.encodeHeaders(new ResponseHeaderMap(101), false);
    assert.equal(peer.request.reset, "protocol error");
    assert.equal(peer.sink.text, "");
    assert.equal(peer.connection.shouldClose, true);
  });
});
