import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Http1ClientPeer } from "../../../harness/http1-client-peer.ts";

describe("Http1ClientConnection", () => {
  it("writes a request in one call and decodes its response", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send("GET", ["accept", "*/*", "x", "y"]);
    assert.equal(peer.sink.text, "GET / HTTP/1.1\r\nhost: up\r\naccept: */*\r\nx: y\r\n\r\n");
    assert.equal(peer.sink.writes, 1);
    peer.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: s\r\n\r\nhello");
    assert.equal(seen.headers?.status, 200);
    assert.deepEqual(seen.headers?.list, ["content-length", "5", "server", "s"]);
    assert.equal(seen.body, "hello");
    assert.equal(seen.ends, 1);
    assert.deepEqual(peer.completions, [true]);
  });

  it("carries one request after the other", () => {
    const peer = new Http1ClientPeer();
    for (let i = 0; i < 3; i++) {
      const seen = peer.send();
      peer.feed(`HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n${i}`);
      assert.equal(seen.body, String(i));
    }
    assert.deepEqual(peer.completions, [true, true, true]);
    assert.throws(() => {
      peer.open();
      peer.open();
    }, /one request at a time/);
  });

  it("writes a body of unknown length as chunks", () => {
    const peer = new Http1ClientPeer();
    const { encoder } = peer.send("POST", [], false);
    encoder.encodeData(Buffer.from("abc"), false);
    encoder.encodeData(Buffer.alloc(0), true);
    assert.equal(
      peer.sink.text,
      "POST / HTTP/1.1\r\nhost: up\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
  });

  it("passes on interim responses", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send();
    peer.feed(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    );
    assert.deepEqual(
      seen.interim.map((headers) => headers.status),
      [100, 103],
    );
    assert.equal(seen.headers?.status, 204);
    assert.deepEqual(peer.completions, [true]);
  });

  it("takes a response without framing to end with the connection", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send();
    peer.feed("HTTP/1.1 200 OK\r\n\r\npart one, ");
    peer.feed("part two");
    assert.equal(seen.ends, 0);
    peer.connection.onRemoteClose();
    assert.equal(seen.body, "part one, part two");
    assert.equal(seen.ends, 1);
    assert.deepEqual(peer.completions, [false]);
  });
});
