import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestHeaderMap, TrailerMap } from "../../../../src/http/header-map.ts";
import { Http1ClientPeer, requestHeaders } from "../../../harness/http1-client-peer.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

interface Written {
  readonly name: string;
  readonly method: string;
  readonly list: string[];
  /** Pieces of the body; none for a request that ends with its head. */
  readonly body: readonly string[];
  readonly written: string;
}

const requests: readonly Written[] = [
  { name: "GET without framing", method: "GET", list: [], body: [], written: "GET / HTTP/1.1\r\nhost: up\r\n\r\n" },
  {
    name: "POST without body with length 0",
    method: "POST",
    list: [],
    body: [],
    written: "POST / HTTP/1.1\r\nhost: up\r\ncontent-length: 0\r\n\r\n",
  },
  {
    name: "a known length",
    method: "PUT",
    list: ["content-length", "3"],
    body: ["ab", "c"],
    written: "PUT / HTTP/1.1\r\nhost: up\r\ncontent-length: 3\r\n\r\nabc",
  },
  {
    name: "an unknown length as chunks, also for GET",
    method: "GET",
    list: [],
    body: ["ab", ""],
    written: "GET / HTTP/1.1\r\nhost: up\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
  },
  {
    name: "no more of a body than its length",
    method: "POST",
    list: ["content-length", "1"],
    body: ["aGET / HTTP/1.1"],
    written: "POST / HTTP/1.1\r\nhost: up\r\ncontent-length: 1\r\n\r\na",
  },
  {
    name: "one host and no framing of others",
    method: "GET",
    list: ["host", "evil", "transfer-encoding", "chunked", "connection", "x"],
    body: [],
    written: "GET / HTTP/1.1\r\nhost: up\r\n\r\n",
  },
  {
    name: "Connection: close if the list says so",
    method: "GET",
    list: ["connection", "close"],
    body: [],
    written: "GET / HTTP/1.1\r\nhost: up\r\nconnection: close\r\n\r\n",
  },
  {
    name: "an upgrade without framing",
    method: "GET",
    list: ["connection", "Upgrade", "upgrade", "websocket"],
    body: [],
    written: "GET / HTTP/1.1\r\nhost: up\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
  },
  {
    name: "no field that would become more than one (row 24)",
    method: "GET",
    list: ["a", "b\r\nc: d", "e f", "g", "ok", "1"],
    body: [],
    written: "GET / HTTP/1.1\r\nhost: up\r\nok: 1\r\n\r\n",
  },
];

describe("ClientStream", () => {
  for (const row of requests) {
    it(`writes ${row.name}`, () => {
      const peer = new Http1ClientPeer();
      const { encoder } = peer.send(row.method, row.list.slice(), row.body.length === 0);
      for (const [i, piece] of row.body.entries()) encoder.encodeData(Buffer.from(piece), i === row.body.length - 1);
      assert.equal(peer.sink.text, row.written);
    });
  }

  it("refuses what would break the request line, with nothing written and the connection unharmed (row 24)", () => {
    const broken: Partial<RequestHeaderMap>[] = [
      { path: "/a b" },
      { path: "/a\r\nX: y" },
      { path: "/\x00" },
      { path: "/\u010a" },
      { path: "" },
      { path: "http://other/" },
      { path: "a" },
      { method: "GET /x" },
      { method: "" },
      { authority: "a\r\nX: y" },
      { authority: "a b" },
      { authority: "a/b" },
    ];
    for (const change of broken) {
      const peer = new Http1ClientPeer();
      const seen = peer.open();
      seen.encoder.encodeHeaders(Object.assign(requestHeaders(), change), true);
      assert.equal(peer.sink.text, "", JSON.stringify(change));
      assert.equal(seen.reset, "protocol error");
      assert.equal(seen.resetDetails, "filter_added_invalid_request_data");
      assert.deepEqual(peer.completions, [true]);
      assert.equal(peer.send().reset, null);
    }
  });

  it("writes trailers behind chunks only if they are enabled", () => {
    for (const [enableTrailers, end] of [
      [false, "0\r\n\r\n"],
      [true, "0\r\nx: y\r\n\r\n"],
    ] as const) {
      const peer = new Http1ClientPeer({ enableTrailers });
      const { encoder } = peer.send("POST", [], false);
      peer.sink.take();
      encoder.encodeTrailers(new TrailerMap(["x", "y", "host", "b", "bad", "a\r\nb"]));
      assert.equal(peer.sink.text, end);
    }
  });

  it("takes a response that comes before the request is complete, and gives the connection up (row 17)", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send("POST", ["content-length", "5"], false);
    seen.encoder.encodeData(Buffer.from("12"), false);
    peer.feed(OK);
    assert.equal(seen.ends, 1);
    assert.deepEqual(peer.completions, []);
    seen.encoder.encodeData(Buffer.from("345"), true);
    assert.ok(peer.sink.text.endsWith("12345"));
    assert.deepEqual(peer.completions, [false]);
  });

  it("gives the connection up when a request is left unfinished after its response", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send("POST", ["content-length", "5"], false);
    peer.feed(OK);
    seen.encoder.stream.reset("local reset");
    assert.deepEqual(peer.completions, [false]);
  });

  it("gives the connection up when a request is short of its length", () => {
    const peer = new Http1ClientPeer();
    peer.send("POST", ["content-length", "5"], false).encoder.encodeData(Buffer.from("12"), true);
    peer.feed(OK);
    assert.deepEqual(peer.completions, [false]);
  });

  it("is reset once, and never again afterwards", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send();
    seen.encoder.stream.reset("local reset");
    assert.equal(seen.reset, "local reset");
    assert.deepEqual(peer.completions, [false]);
    peer.feed(OK);
    peer.connection.onRemoteClose();
    seen.encoder.stream.reset("remote reset");
    assert.equal(seen.headers, null);
    assert.equal(seen.reset, "local reset");
    assert.deepEqual(peer.completions, [false]);
  });

  it("keeps data for a tunnel until it is open, and asks for no more (row 16)", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send("GET", ["connection", "upgrade", "upgrade", "websocket"], false);
    peer.sink.take();
    seen.encoder.encodeData(Buffer.from("a"), false);
    seen.encoder.encodeData(Buffer.from("b"), false);
    assert.equal(peer.sink.text, "");
    assert.equal(seen.above, 1);
    peer.feed("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello");
    assert.equal(peer.sink.text, "ab");
    assert.equal(seen.below, 1);
    assert.equal(seen.headers?.status, 101);
    assert.equal(seen.body, "hello");
    assert.equal(peer.writeClosed, false);
    seen.encoder.encodeData(Buffer.from("c"), true);
    assert.equal(peer.sink.text, "abc");
    assert.equal(peer.writeClosed, true);
    assert.deepEqual(peer.completions, []);
    peer.connection.onRemoteClose();
    assert.equal(seen.ends, 1);
    assert.deepEqual(peer.completions, [false]);
  });

  it("never writes data for a tunnel that is refused (row 16)", () => {
    const peer = new Http1ClientPeer();
    const headers = new RequestHeaderMap();
    headers.method = "CONNECT";
    headers.authority = "b:443";
    const seen = peer.open();
    seen.encoder.encodeHeaders(headers, false);
    assert.equal(peer.sink.take(), "CONNECT b:443 HTTP/1.1\r\nhost: b:443\r\n\r\n");
    seen.encoder.encodeData(Buffer.from("GET / HTTP/1.1\r\n\r\n"), false);
    peer.feed("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    assert.equal(seen.ends, 1);
    seen.encoder.stream.reset("local reset");
    assert.equal(peer.sink.text, "");
    assert.deepEqual(peer.completions, [false]);
  });

  it("counts pauses of reading, and lifts them at its end", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send();
    seen.encoder.stream.readDisable(true);
    seen.encoder.stream.readDisable(true);
    seen.encoder.stream.readDisable(false);
    assert.equal(peer.pauses, 1);
    peer.feed(OK);
    assert.equal(peer.pauses, 0);
    assert.deepEqual(peer.completions, [true]);
  });

  it("hears when the connection's buffer is full", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.send("POST", [], false);
    peer.connection.onUnderlyingConnectionAboveWriteBufferHighWatermark();
    peer.connection.onUnderlyingConnectionBelowWriteBufferLowWatermark();
    assert.equal(seen.above, 1);
    assert.equal(seen.below, 1);
  });

  it("may begin the next request from inside the end of the one before", () => {
    const peer = new Http1ClientPeer();
    peer.send();
    let second: string | undefined;
    peer.completions.push = (...reusable: boolean[]): number => {
      if (second === undefined && reusable[0]) second = peer.send("GET").reset ?? "sent";
      return 0;
    };
    peer.feed(OK);
    assert.equal(second, "sent");
    peer.feed(OK);
    assert.equal(peer.error, null);
  });
});
