import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseHeaderMap, TrailerMap } from "../../../../src/http/header-map.ts";
import { Setting } from "../../../../src/http/http2/frame.ts";
import { abc, type Http2Answer, Http2ServerPeer, silence } from "../../../harness/http2-server-peer.ts";
import {
  CLIENT_START,
  dataFrame,
  GET,
  headersFrame,
  POST,
  PREFACE,
  rstFrame,
  SETTINGS_ACK,
  settingsFrame,
  windowUpdateFrame,
} from "../../../harness/http2-wire.ts";

const OK = "[:status: 200]";
const DEFAULT_WINDOW = 65_535;

/** 200 and so many bytes, given to the codec at once. */
function large(bytes: number, piece = bytes): Http2Answer {
  return ({ encoder }) => {
    encoder.encodeHeaders(new ResponseHeaderMap(200), false);
    for (let at = 0; at < bytes; at += piece) {
      encoder.encodeData(Buffer.alloc(Math.min(piece, bytes - at)), at + piece >= bytes);
    }
  };
}

/** Body bytes per stream in frames described as `DATA <id> [end] <length>`. */
function bodyBytes(frames: readonly string[]): Map<number, number> {
  const bytes = new Map<number, number>();
  for (const line of frames) {
    const match = /^DATA (\d+)(?: end)? (?:(\d+)|"(.*)")$/s.exec(line);
    if (match === null) continue;
    const id = Number(match[1]);
    bytes.set(id, (bytes.get(id) ?? 0) + Number(match[2] ?? match[3]!.length));
  }
  return bytes;
}

describe("Responses of an HTTP/2 server connection", () => {
  it("to all requests of one read leave in one write", () => {
    const peer = Http2ServerPeer.started();
    const flushes = peer.sink.flushes;
    const frames = peer.feed(headersFrame(1, GET), headersFrame(3, GET), headersFrame(5, GET));
    assert.deepEqual(
      frames,
      [1, 3, 5].flatMap((id) => [`HEADERS ${id} ${OK}`, `DATA ${id} end "abc"`]),
    );
    assert.equal(peer.sink.flushes, flushes + 1);
    assert.equal(peer.counted.streams_active, undefined);
    assert.equal(peer.streamsGone, 3);
  });

  it("are 1xx, headers, body and trailers, without what HTTP/2 has no place for", () => {
    const peer = Http2ServerPeer.started({}, ({ encoder }) => {
      encoder.encode1xxHeaders(new ResponseHeaderMap(103, ["link", "</a>"]));
      const list = [
        "connection",
        "close",
        "transfer-encoding",
        "chunked",
        "x-a",
        "b",
        "te",
        "gzip",
        "X-B",
        "c",
        "x-c",
        "d\r\n",
      ];
      encoder.encodeHeaders(new ResponseHeaderMap(404, list), false);
      encoder.encodeData(Buffer.from("no"), false);
      encoder.encodeTrailers(new TrailerMap(["x-sum", "1"]));
    });
    assert.deepEqual(peer.feed(headersFrame(1, GET)), [
      "HEADERS 1 [:status: 103, link: </a>]",
      "HEADERS 1 [:status: 404, x-a: b]",
      'DATA 1 "no"',
      "HEADERS 1 end [x-sum: 1]",
    ]);
  });

  it("end with an empty frame if there is nothing else to end them", () => {
    const ends: Http2Answer[] = [
      ({ encoder }) => {
        encoder.encodeHeaders(new ResponseHeaderMap(200), false);
        encoder.encodeData(Buffer.alloc(0), true);
      },
      ({ encoder }) => {
        encoder.encodeHeaders(new ResponseHeaderMap(200), false);
        encoder.encodeTrailers(new TrailerMap());
      },
    ];
    for (const end of ends) {
      const peer = Http2ServerPeer.started({}, end);
      assert.deepEqual(peer.feed(headersFrame(1, GET)), [`HEADERS 1 ${OK}`, 'DATA 1 end ""']);
    }
  });

  it("to HEAD, and with status 204 and 304, have no body, whatever is given for one", () => {
    for (const [method, status] of [
      ["HEAD", 200],
      ["GET", 204],
      ["GET", 304],
    ] as const) {
      const peer = Http2ServerPeer.started({}, ({ encoder }) => {
        encoder.encodeHeaders(new ResponseHeaderMap(status, ["x-a", "b"]), false);
        encoder.encodeData(Buffer.from("abc"), false);
        encoder.encodeTrailers(new TrailerMap(["c", "d"]));
      });
      const head = headersFrame(1, [":method", method, ...GET.slice(2)]);
      assert.deepEqual(peer.feed(head), [`HEADERS 1 end [:status: ${status}, x-a: b]`]);
      assert.equal(peer.streamsGone, 1);
    }
  });

  it("with many headers are split over CONTINUATION", () => {
    const list = Array.from({ length: 10 }, (_, i) => [`x-${i}`, "v".repeat(6000)]).flat();
    const peer = Http2ServerPeer.started({}, ({ encoder }) =>
      encoder.encodeHeaders(new ResponseHeaderMap(200, list), true),
    );
    assert.throws(
      () => peer.feed(headersFrame(1, GET)),
      /the block can't be decoded/,
      "the harness reads no CONTINUATION",
    );
  });
});

describe("What an HTTP/2 server connection sends", () => {
  it("stays within the window of the stream, and goes on as it opens", () => {
    const peer = Http2ServerPeer.started({}, large(100_000));
    assert.deepEqual(
      bodyBytes(peer.feed(headersFrame(1, GET), windowUpdateFrame(0, 1_000_000))),
      new Map([[1, DEFAULT_WINDOW]]),
    );
    assert.equal(peer.counted.pending_send_bytes, 100_000 - DEFAULT_WINDOW);
    assert.deepEqual(peer.feed(windowUpdateFrame(1, 5)), ['DATA 1 "\0\0\0\0\0"']);
    const rest = peer.feed(windowUpdateFrame(1, 100_000));
    assert.match(rest.at(-1)!, /^DATA 1 end /);
    assert.deepEqual(bodyBytes(rest), new Map([[1, 100_000 - DEFAULT_WINDOW - 5]]));
    assert.equal(peer.counted.pending_send_bytes, undefined);
  });

  it("stays within the window of the connection, which streams share fairly", () => {
    const peer = Http2ServerPeer.started({}, large(60_000));
    peer.feed(settingsFrame(Setting.initialWindowSize, 1_000_000));
    const first = bodyBytes(peer.feed(headersFrame(1, GET), headersFrame(3, GET), headersFrame(5, GET)));
    assert.deepEqual(
      [...first],
      [
        [1, 60_000],
        [3, 5535],
      ],
    );
    const then = bodyBytes(peer.feed(windowUpdateFrame(0, 40_000)));
    assert.deepEqual(
      [...then],
      [
        [3, 23_616],
        [5, 16_384],
      ],
    );
  });

  it("follows SETTINGS that change the windows of open streams, below zero too", () => {
    const peer = Http2ServerPeer.started({}, large(100_000));
    peer.feed(headersFrame(1, GET), windowUpdateFrame(0, 1_000_000));
    assert.deepEqual(peer.feed(settingsFrame(Setting.initialWindowSize, 1000)), ["SETTINGS ack"]);
    assert.deepEqual(peer.feed(windowUpdateFrame(1, DEFAULT_WINDOW - 1000)), []);
    assert.deepEqual(peer.feed(windowUpdateFrame(1, 1)), ['DATA 1 "\0"']);
    const after = bodyBytes(peer.feed(settingsFrame(Setting.initialWindowSize, 2000)));
    assert.deepEqual(after, new Map([[1, 1000]]));
  });

  it("comes in frames of at most 16 KiB, or as large as the peer allows up to 64 KiB", () => {
    const peer = Http2ServerPeer.started({}, large(60_000));
    assert.equal(peer.feed(headersFrame(1, GET)).length, 1 + 4);
    peer.feed(settingsFrame(Setting.maxFrameSize, 1_000_000), windowUpdateFrame(0, 1_000_000));
    assert.equal(peer.feed(headersFrame(3, GET)).length, 1 + 1);
  });

  it("has trailers behind all data that waits", () => {
    const peer = Http2ServerPeer.started({}, ({ encoder }) => {
      encoder.encodeHeaders(new ResponseHeaderMap(200), false);
      encoder.encodeData(Buffer.alloc(DEFAULT_WINDOW + 1), false);
      encoder.encodeTrailers(new TrailerMap(["a", "b"]));
    });
    peer.feed(headersFrame(1, GET), windowUpdateFrame(0, 100));
    assert.deepEqual(peer.feed(windowUpdateFrame(1, 100)), ['DATA 1 "\0"', "HEADERS 1 end [a: b]"]);
    assert.equal(peer.streamsGone, 1);
  });

  it("asks its writer to stop above the buffer limit, and to go on below half of it", () => {
    const peer = Http2ServerPeer.started({ bufferLimitBytes: 10_000 }, silence);
    peer.feed(headersFrame(1, GET), windowUpdateFrame(0, 1_000_000));
    const { request } = peer;
    request.encoder.encodeHeaders(new ResponseHeaderMap(200), false);
    request.encoder.encodeData(Buffer.alloc(DEFAULT_WINDOW + 10_000), false);
    assert.deepEqual([request.above, request.below], [0, 0]);
    request.encoder.encodeData(Buffer.alloc(1), false);
    assert.deepEqual([request.above, request.below], [1, 0]);
    peer.feed(windowUpdateFrame(1, 5000));
    assert.deepEqual([request.above, request.below], [1, 0]);
    peer.feed(windowUpdateFrame(1, 1));
    assert.deepEqual([request.above, request.below], [1, 1]);
  });

  it("asks all writers to stop while the connection's own buffer is full, also those that come then", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(headersFrame(1, GET));
    peer.connection.onUnderlyingConnectionAboveWriteBufferHighWatermark();
    peer.feed(headersFrame(3, GET));
    assert.deepEqual(
      peer.requests.map(({ above }) => above),
      [1, 1],
    );
    peer.connection.onUnderlyingConnectionBelowWriteBufferLowWatermark();
    assert.deepEqual(
      peer.requests.map(({ below }) => below),
      [1, 1],
    );
  });

  it("is given up if the end of a response waits too long for a window", () => {
    const peer = Http2ServerPeer.started({ flushTimeoutMs: 1000 }, large(100_000));
    peer.feed(settingsFrame(Setting.initialWindowSize, 0), headersFrame(1, GET), headersFrame(3, GET));
    peer.advance(600);
    peer.feed(windowUpdateFrame(1, 1));
    assert.deepEqual(peer.advance(600), ["RST_STREAM 3 code 8"]);
    assert.deepEqual(peer.advance(1100), ["RST_STREAM 1 code 8"]);
    assert.equal(peer.counted.tx_flush_timeout, 2);
    assert.deepEqual([peer.counted.pending_send_bytes, peer.counted.streams_active], [undefined, undefined]);
    assert.equal(peer.timers.armedCount, 0);
  });
});

describe("What an HTTP/2 server connection receives", () => {
  const options = {
    protocol: { initialStreamWindowBytes: DEFAULT_WINDOW, initialConnectionWindowBytes: 2 * DEFAULT_WINDOW },
  };
  const piece = dataFrame(1, Buffer.alloc(16_384));

  it("is given back to the peer's windows by halves", () => {
    const peer = Http2ServerPeer.started(options, silence);
    peer.feed(headersFrame(1, POST, false));
    assert.deepEqual(peer.feed(piece), []);
    assert.deepEqual(peer.feed(piece), ["WINDOW_UPDATE 1 +32768"]);
    assert.deepEqual(peer.feed(piece, piece), ["WINDOW_UPDATE 0 +65536", "WINDOW_UPDATE 1 +32768"]);
  });

  it("stays taken while reading is disabled, and is given back when it is enabled again", () => {
    const peer = Http2ServerPeer.started(options, silence);
    peer.feed(headersFrame(1, POST, false));
    const { stream } = peer.request.encoder;
    stream.readDisable(true);
    stream.readDisable(true);
    assert.deepEqual(peer.feed(piece, piece, piece), []);
    stream.readDisable(false);
    assert.deepEqual(peer.sink.take(), []);
    stream.readDisable(false);
    assert.deepEqual(peer.sink.take(), ["WINDOW_UPDATE 1 +49152"]);
  });

  it("is given back to the connection if its stream ends meanwhile", () => {
    const peer = Http2ServerPeer.started(options, silence);
    peer.feed(headersFrame(1, POST, false));
    peer.request.encoder.stream.readDisable(true);
    peer.feed(piece, piece, piece);
    assert.deepEqual(peer.feed(rstFrame(1, 8)), []);
    peer.feed(headersFrame(3, POST, false));
    assert.deepEqual(peer.feed(dataFrame(3, Buffer.alloc(16_384))), ["WINDOW_UPDATE 0 +65536"]);
  });

  it("is given back to the connection if it comes for a stream that we have reset", () => {
    const peer = Http2ServerPeer.started(options, silence);
    peer.feed(headersFrame(1, POST, false));
    peer.request.encoder.stream.reset("local reset");
    assert.deepEqual(peer.sink.take(), ["RST_STREAM 1 code 2"]);
    assert.deepEqual(peer.feed(piece, piece, piece, piece), ["WINDOW_UPDATE 0 +65536"]);
  });
});

describe("A stream that its user ends", () => {
  it("is reset with INTERNAL_ERROR in the middle of a response, NO_ERROR behind it, REFUSED_STREAM if so asked", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(headersFrame(1, POST, false), headersFrame(3, POST, false), headersFrame(5, POST, false));
    const [cut, answered, refused] = peer.requests.map(({ encoder }) => encoder);
    cut!.encodeHeaders(new ResponseHeaderMap(200), false);
    cut!.stream.reset("local reset");
    answered!.encodeHeaders(new ResponseHeaderMap(200), true);
    answered!.stream.reset("local reset");
    refused!.stream.reset("local refused stream reset");
    assert.deepEqual(peer.sink.take(), [
      `HEADERS 1 ${OK}`,
      "RST_STREAM 1 code 2",
      `HEADERS 3 end ${OK}`,
      "RST_STREAM 3 code 0",
      "RST_STREAM 5 code 7",
    ]);
    assert.deepEqual(
      peer.requests.map(({ reset }) => reset),
      ["local reset", "local reset", "local refused stream reset"],
    );
    assert.equal(peer.counted.tx_reset, 3);
  });

  it("is reset only when its response, which waits for a window, has been sent", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(settingsFrame(Setting.initialWindowSize, 2), headersFrame(1, POST, false));
    const { encoder } = peer.request;
    encoder.encodeHeaders(new ResponseHeaderMap(200), false);
    encoder.encodeData(Buffer.from("abc"), true);
    encoder.stream.reset("local reset");
    assert.deepEqual(peer.sink.take(), [`HEADERS 1 ${OK}`, 'DATA 1 "ab"']);
    assert.deepEqual(peer.feed(dataFrame(1, "nobody wants this", true)), []);
    assert.equal(peer.request.body, "");
    assert.deepEqual(peer.feed(windowUpdateFrame(1, 1)), ['DATA 1 end "c"']);
  });

  it("hears of it when the peer's connection ends", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(headersFrame(1, GET), headersFrame(3, POST, false));
    peer.connection.onRemoteClose();
    assert.deepEqual(
      peer.requests.map(({ reset }) => reset),
      ["connection termination", "connection termination"],
    );
    assert.deepEqual(peer.sink.take(), []);
    assert.ok(peer.connection.shouldClose);
  });
});

describe("GOAWAY of an HTTP/2 server connection", () => {
  it("comes in two steps; streams count until the second, and the connection ends with the last of them", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(headersFrame(1, GET));
    peer.connection.shutdownNotice();
    peer.connection.shutdownNotice();
    assert.deepEqual(peer.sink.take(), ["GOAWAY last 2147483647 code 0"]);
    peer.feed(headersFrame(3, GET));
    peer.connection.goAway();
    peer.connection.goAway();
    assert.deepEqual(peer.sink.take(), ["GOAWAY last 3 code 0"]);
    assert.deepEqual(peer.feed(headersFrame(5, POST, false), dataFrame(5, "abc")), [], "too late, and ignored");
    assert.equal(peer.requests.length, 2);
    assert.equal(peer.connection.shouldClose, false);
    for (const { encoder } of peer.requests) encoder.encodeHeaders(new ResponseHeaderMap(200), true);
    assert.deepEqual(peer.sink.take(), [`HEADERS 1 end ${OK}`, `HEADERS 3 end ${OK}`]);
    assert.ok(peer.connection.shouldClose);
    assert.equal(peer.counted.goaway_sent, 2);
  });
});

describe("PING of an HTTP/2 server connection", () => {
  const keepalive = { intervalMs: 1000, timeoutMs: 500, intervalJitterPercent: 0, connectionIdleIntervalMs: 0 };

  it("comes each interval, and without an answer in time the connection is given up", () => {
    const peer = Http2ServerPeer.started({ protocol: { keepalive } }, abc);
    assert.deepEqual(peer.advance(1010), [`PING ${"\0".repeat(8)}`]);
    peer.feed(Buffer.from([0, 0, 8, 6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert.deepEqual(peer.advance(990), []);
    assert.deepEqual(peer.advance(30), [`PING ${"\0".repeat(8)}`]);
    peer.advance(300);
    peer.feed(headersFrame(1, GET));
    peer.advance(400);
    assert.equal(peer.unresponsive, null, "any frame is a sign of life");
    peer.advance(200);
    assert.equal(peer.unresponsive, "http2_ping_timeout");
    assert.equal(peer.counted.keepalive_timeout, 1);
    assert.equal(peer.timers.armedCount, 0);
  });
});

describe("A server connection with a small table", () => {
  it("tells the client so, and tells it of its own with the first response", () => {
    const peer = new Http2ServerPeer({ protocol: { hpackTableBytes: 0 } });
    assert.equal(peer.feed(CLIENT_START)[0], `SETTINGS 1=0 3=1024 4=${16 * 1024 * 1024}`);
    assert.equal(peer.connection.isReadingHead, false);
    const start = new Http2ServerPeer({ protocol: { hpackTableBytes: 0 } }, ({ encoder }) =>
      encoder.encodeHeaders(new ResponseHeaderMap(200, ["server", "envoy"]), true),
    );
    start.feed(PREFACE, settingsFrame(), SETTINGS_ACK);
    const resize = Buffer.from([0x20]);
    const [first] = [headersFrame(1, GET)];
    const head = Buffer.from(first!);
    head.writeUIntBE(head.readUIntBE(0, 3) + 1, 0, 3);
    assert.deepEqual(start.feed(head.subarray(0, 9), resize, first!.subarray(9)), [
      "HEADERS 1 end [:status: 200, server: envoy]",
    ]);
  });
});
