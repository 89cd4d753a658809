import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseHeaderMap } from "../../../../src/http/header-map.ts";
import type { Http1ServerOptions } from "../../../../src/http/http1/codec-options.ts";
import { type Answer, Http1ServerPeer, noAnswer } from "../../../harness/http1-server-peer.ts";

const HOST = "Host: a\r\n";
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;

/** Answers with this head and these pieces of body; the last piece, or the head if there is none, ends the stream. */
function answer(status: number, list: string[], ...pieces: string[]): Answer {
  return ({ encoder }) => {
    encoder.encodeHeaders(new ResponseHeaderMap(status, list.slice()), pieces.length === 0);
    for (const [i, piece] of pieces.entries()) encoder.encodeData(Buffer.from(piece), i === pieces.length - 1);
  };
}

interface Row {
  readonly name: string;
  readonly request?: string;
  readonly options?: Partial<Http1ServerOptions>;
  readonly answer: Answer;
  readonly written: string;
  readonly closes?: boolean;
}

const HTTP10 = { acceptHttp10: true };

const responses: readonly Row[] = [
  {
    name: "a length and its body",
    answer: answer(200, ["content-length", "3"], "ab", "c"),
    written: "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
  },
  {
    name: "chunks, if the length is unknown",
    answer: answer(200, [], "abc", ""),
    written: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  },
  {
    name: "chunks, whatever the list says of framing",
    answer: answer(200, ["transfer-encoding", "gzip"], "abc"),
    written: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  },
  {
    name: "length 0, if there is no body",
    answer: answer(200, []),
    written: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
  },
  {
    name: "204 without a length",
    answer: answer(204, ["content-length", "0"]),
    written: "HTTP/1.1 204 No Content\r\n\r\n",
  },
  { name: "204 without its body", answer: answer(204, [], "abc"), written: "HTTP/1.1 204 No Content\r\n\r\n" },
  {
    name: "304 with a length and without its body",
    answer: answer(304, ["content-length", "10"], "0123456789"),
    written: "HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n",
  },
  {
    name: "HEAD with a length and without the body",
    request: `HEAD / HTTP/1.1\r\n${HOST}\r\n`,
    answer: answer(200, ["content-length", "3"], "abc"),
    written: "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n",
  },
  {
    name: "HEAD without a length",
    request: `HEAD / HTTP/1.1\r\n${HOST}\r\n`,
    answer: answer(200, [], "abc"),
    written: "HTTP/1.1 200 OK\r\n\r\n",
  },
  {
    name: "no more of a body than its length (row 24)",
    answer: answer(200, ["content-length", "3"], "ab", "cdHTTP/1.1 200 OK"),
    written: "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
  },
  {
    name: "a body short of its length, and the end of the connection",
    answer: answer(200, ["content-length", "3"], "ab"),
    written: "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
    closes: true,
  },
  {
    name: "one content-length",
    answer: answer(200, ["content-length", "1", "content-length", "2"], "a"),
    written: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na",
  },
  {
    name: "chunks instead of a malformed content-length",
    answer: answer(200, ["content-length", "1, 1"], "a"),
    written: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
  },
  {
    name: "Connection: close once, if the list says so",
    answer: answer(200, ["connection", "close", "connection", "Close"]),
    written: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    closes: true,
  },
  {
    name: "Connection: close to a client that asked for it",
    request: `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    answer: answer(200, []),
    written: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    closes: true,
  },
  {
    name: "a body up to the end of the connection to HTTP/1.0",
    request: `GET / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`,
    options: HTTP10,
    answer: answer(200, [], "abc", "def"),
    written: "HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nabcdef",
    closes: true,
  },
  {
    name: "keep-alive to HTTP/1.0, if it asked for it and the length is known",
    request: `GET / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`,
    options: HTTP10,
    answer: answer(200, ["content-length", "3"], "abc"),
    written: "HTTP/1.0 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive\r\n\r\nabc",
  },
  {
    name: "a status without a name",
    answer: answer(599, []),
    written: "HTTP/1.1 599 Unknown\r\ncontent-length: 0\r\n\r\n",
  },
  {
    name: "500 for what is no status",
    answer: answer(1000, []),
    written: "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
  },
  {
    name: "no field that would become more than one (row 24)",
    answer: answer(200, [
      "a",
      "b\r\nc: d",
      "e\r\nf",
      "g",
      "",
      "h",
      "i:",
      "j",
      "k l",
      "m",
      "n",
      "o\0p",
      "q",
      "\u010dr\u010a",
      "s",
      "ok\xff",
    ]),
    written: "HTTP/1.1 200 OK\r\ns: ok\xff\r\ncontent-length: 0\r\n\r\n",
  },
];

describe("ServerStream", () => {
  for (const row of responses) {
    it(`writes ${row.name}`, () => {
      const peer = new Http1ServerPeer(row.options, row.answer);
      peer.feed(row.request ?? GET);
      assert.equal(peer.sink.text, row.written);
      assert.equal(peer.connection.shouldClose, row.closes ?? false);
      assert.equal(peer.connection.wantsToWrite(), false);
    });
  }

  it("writes interim responses before the final one, but not to HTTP/1.0", () => {
    const interim: Answer = ({ encoder }) => {
      encoder.encode1xxHeaders(new ResponseHeaderMap(103, ["link", "x"]));
      encoder.encodeHeaders(new ResponseHeaderMap(204), true);
      encoder.encode1xxHeaders(new ResponseHeaderMap(103, ["link", "late"]));
    };
    const peer = new Http1ServerPeer({}, interim);
    peer.feed(GET);
    assert.equal(peer.sink.text, "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    const old = new Http1ServerPeer(HTTP10, interim);
    old.feed("GET / HTTP/1.0\r\n\r\n");
    assert.equal(old.sink.text, "HTTP/1.0 204 No Content\r\nconnection: close\r\n\r\n");
  });

  it("ignores calls after its end", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(GET);
    const { encoder } = peer.request;
    encoder.encodeHeaders(new ResponseHeaderMap(204), true);
    const written = peer.sink.text;
    encoder.encodeHeaders(new ResponseHeaderMap(200), true);
    encoder.encodeData(Buffer.from("x"), true);
    encoder.stream.reset("local reset");
    encoder.stream.readDisable(true);
    assert.equal(peer.sink.text, written);
    assert.equal(peer.request.reset, null);
    assert.equal(peer.pauses, 0);
    assert.equal(peer.connection.shouldClose, false);
  });

  it("costs the connection when it is reset", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(GET + GET);
    peer.request.encoder.stream.reset("local reset");
    assert.equal(peer.request.reset, "local reset");
    assert.equal(peer.connection.shouldClose, true);
    peer.settle();
    peer.feed(GET);
    assert.equal(peer.requests.length, 1);
  });

  it("counts pauses of reading, and lifts them at its end", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(`POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\n`);
    const { stream } = peer.request.encoder;
    stream.readDisable(true);
    stream.readDisable(true);
    assert.equal(peer.pauses, 1);
    stream.readDisable(false);
    assert.equal(peer.pauses, 1);
    stream.readDisable(false);
    assert.equal(peer.pauses, 0);
    stream.readDisable(false);
    assert.equal(peer.pauses, 0, "one resume too many does nothing");
    stream.readDisable(true);
    peer.feed("x");
    peer.request.encoder.encodeHeaders(new ResponseHeaderMap(204), true);
    assert.equal(peer.pauses, 0);
  });

  it("hears when the connection's buffer is full, also if it was before", () => {
    const peer = new Http1ServerPeer({}, noAnswer);
    peer.feed(GET);
    peer.connection.onUnderlyingConnectionAboveWriteBufferHighWatermark();
    assert.equal(peer.requests[0]!.above, 1);
    peer.requests[0]!.encoder.encodeHeaders(new ResponseHeaderMap(204), true);
    peer.feed(GET);
    assert.equal(peer.requests[1]!.above, 1);
    peer.connection.onUnderlyingConnectionBelowWriteBufferLowWatermark();
    assert.deepEqual(
      peer.requests.map((request) => request.below),
      [0, 1],
    );
  });
});
