import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Http2Error } from "../../../src/http/http2/codec-details.ts";
import { ErrorCode, FrameFlag, FrameType, Setting } from "../../../src/http/http2/frame.ts";
import { Http2ServerPeer, type Http2ServerPeerOptions, silence } from "../../harness/http2-server-peer.ts";
import {
  CLIENT_START,
  dataFrame,
  frame,
  GET,
  goAwayFrame,
  headersFrame,
  numberFrame,
  POST,
  PREFACE,
  pingFrame,
  plainBlock,
  rstFrame,
  SETTINGS_ACK,
  settingsFrame,
  windowUpdateFrame,
} from "../../harness/http2-wire.ts";

const CODE_NAMES = Object.fromEntries(Object.entries(ErrorCode).map(([name, code]) => [code, name]));
const { endHeaders, endStream, padded, priority } = FrameFlag;
const BLOCK = plainBlock(GET);
const MAX_WINDOW = 2 ** 31 - 1;

interface Row {
  readonly rule: string;
  readonly bytes: readonly Buffer[];
  readonly options?: Http2ServerPeerOptions;
  /** The code of the GOAWAY that ends the connection. */
  readonly ends: keyof typeof ErrorCode;
}

/** What ends a connection, by section of RFC 9113, sent behind an ordinary beginning unless it is the beginning. */
const fatal: readonly Row[] = [
  { rule: "4.1 a frame on a stream that only HEADERS may begin", bytes: [dataFrame(1, "a")], ends: "protocolError" },
  {
    rule: "4.2 a frame larger than 16,384 bytes",
    bytes: [headersFrame(1, POST, false), dataFrame(1, Buffer.alloc(16_385))],
    ends: "frameSizeError",
  },
  {
    rule: "4.2 HEADERS larger than 16,384 bytes",
    bytes: [frame(1, endHeaders, 1, Buffer.alloc(16_385))],
    ends: "frameSizeError",
  },
  {
    rule: "4.3 a header block that can't be decoded",
    bytes: [frame(1, endHeaders | endStream, 1, Buffer.from([0x80]))],
    ends: "compressionError",
  },
  {
    rule: "4.3 a block interrupted by PRIORITY",
    bytes: [frame(1, endStream, 1, BLOCK), frame(2, 0, 1, Buffer.alloc(5))],
    ends: "protocolError",
  },
  { rule: "4.3 a block interrupted by DATA", bytes: [frame(1, 0, 1, BLOCK), dataFrame(1, "a")], ends: "protocolError" },
  {
    rule: "4.3 a block interrupted by HEADERS of another stream",
    bytes: [frame(1, 0, 1, BLOCK), headersFrame(3, GET)],
    ends: "protocolError",
  },
  {
    rule: "4.3 a block interrupted by an unknown frame",
    bytes: [frame(1, 0, 1, BLOCK), frame(0x20, 0, 1)],
    ends: "protocolError",
  },
  { rule: "5.1 idle: RST_STREAM", bytes: [rstFrame(1, 8)], ends: "protocolError" },
  { rule: "5.1 idle: WINDOW_UPDATE", bytes: [windowUpdateFrame(1, 100)], ends: "protocolError" },
  { rule: "5.1 idle: CONTINUATION", bytes: [frame(9, endHeaders, 1, BLOCK)], ends: "protocolError" },
  {
    rule: "5.1 half-closed (remote): DATA",
    bytes: [headersFrame(1, GET), dataFrame(1, "a")],
    options: {},
    ends: "streamClosed",
  },
  {
    rule: "5.1 half-closed (remote): HEADERS",
    bytes: [headersFrame(1, GET), headersFrame(1, GET)],
    ends: "streamClosed",
  },
  { rule: "5.1.1 an even stream number", bytes: [headersFrame(2, GET)], ends: "protocolError" },
  {
    rule: "5.1.1 a stream number lower than one before",
    bytes: [headersFrame(5, GET), headersFrame(3, GET)],
    ends: "streamClosed",
  },
  { rule: "6.1 DATA on stream 0", bytes: [dataFrame(0, "a")], ends: "protocolError" },
  {
    rule: "6.1 DATA with more padding than payload",
    bytes: [headersFrame(1, POST, false), frame(0, padded, 1, "\x05ab")],
    ends: "protocolError",
  },
  {
    rule: "6.1 DATA without its pad length",
    bytes: [headersFrame(1, POST, false), frame(0, padded, 1)],
    ends: "protocolError",
  },
  { rule: "6.2 HEADERS on stream 0", bytes: [headersFrame(0, GET)], ends: "protocolError" },
  {
    rule: "6.2 HEADERS with more padding than payload",
    bytes: [frame(1, endHeaders | padded, 1, "\x05ab")],
    ends: "protocolError",
  },
  { rule: "6.2 HEADERS without its pad length", bytes: [frame(1, endHeaders | padded, 1)], ends: "frameSizeError" },
  { rule: "6.3 PRIORITY on stream 0", bytes: [frame(2, 0, 0, Buffer.alloc(5))], ends: "protocolError" },
  { rule: "6.3 PRIORITY of another length than 5", bytes: [frame(2, 0, 1, Buffer.alloc(4))], ends: "frameSizeError" },
  { rule: "6.4 RST_STREAM on stream 0", bytes: [rstFrame(0, 8)], ends: "protocolError" },
  {
    rule: "6.4 RST_STREAM of another length than 4",
    bytes: [headersFrame(1, POST, false), frame(3, 0, 1, "abc")],
    ends: "frameSizeError",
  },
  {
    rule: "6.5 SETTINGS with ACK and a payload",
    bytes: [frame(4, FrameFlag.ack, 0, Buffer.alloc(6))],
    ends: "frameSizeError",
  },
  { rule: "6.5 SETTINGS on a stream", bytes: [frame(4, 0, 1)], ends: "protocolError" },
  { rule: "6.5 SETTINGS of a length that 6 does not divide", bytes: [frame(4, 0, 0, "abc")], ends: "frameSizeError" },
  { rule: "6.5.2 ENABLE_PUSH of 2", bytes: [settingsFrame(Setting.enablePush, 2)], ends: "protocolError" },
  {
    rule: "6.5.2 INITIAL_WINDOW_SIZE of 2^31",
    bytes: [settingsFrame(Setting.initialWindowSize, 2 ** 31)],
    ends: "flowControlError",
  },
  {
    rule: "6.5.2 MAX_FRAME_SIZE of 16,383",
    bytes: [settingsFrame(Setting.maxFrameSize, 16_383)],
    ends: "protocolError",
  },
  {
    rule: "6.5.2 MAX_FRAME_SIZE of 2^24",
    bytes: [settingsFrame(Setting.maxFrameSize, 2 ** 24)],
    ends: "protocolError",
  },
  {
    rule: "6.6 PUSH_PROMISE from a client",
    bytes: [headersFrame(1, POST, false), frame(5, endHeaders, 1, Buffer.alloc(4))],
    ends: "protocolError",
  },
  { rule: "6.7 PING on a stream", bytes: [frame(6, 0, 1, "12345678")], ends: "protocolError" },
  { rule: "6.7 PING of another length than 8", bytes: [frame(6, 0, 0, "1234567")], ends: "frameSizeError" },
  { rule: "6.8 GOAWAY on a stream", bytes: [frame(7, 0, 1, Buffer.alloc(8))], ends: "protocolError" },
  { rule: "6.8 GOAWAY that is cut off", bytes: [frame(7, 0, 0, "1234567")], ends: "frameSizeError" },
  { rule: "6.9 WINDOW_UPDATE of 0 on the connection", bytes: [windowUpdateFrame(0, 0)], ends: "protocolError" },
  { rule: "6.9 WINDOW_UPDATE of another length than 4", bytes: [frame(8, 0, 0, "abc")], ends: "frameSizeError" },
  {
    rule: "6.9.1 a window above 2^31-1 on the connection",
    bytes: [windowUpdateFrame(0, MAX_WINDOW)],
    ends: "flowControlError",
  },
  {
    rule: "6.9.1 more DATA than the connection's window",
    bytes: [headersFrame(1, POST, false), ...Array.from({ length: 5 }, () => dataFrame(1, Buffer.alloc(16_384)))],
    options: { protocol: { initialStreamWindowBytes: 1 << 20, initialConnectionWindowBytes: 65_535 } },
    ends: "flowControlError",
  },
  {
    rule: "6.9.1 more DATA than the stream's window",
    bytes: [headersFrame(1, POST, false), ...Array.from({ length: 5 }, () => dataFrame(1, Buffer.alloc(16_384)))],
    options: { protocol: { initialStreamWindowBytes: 65_535 } },
    ends: "flowControlError",
  },
  {
    rule: "6.9.2 SETTINGS that make a stream's window too large",
    bytes: [
      headersFrame(1, POST, false),
      windowUpdateFrame(1, MAX_WINDOW - 65_535),
      settingsFrame(Setting.initialWindowSize, 65_536),
    ],
    ends: "flowControlError",
  },
  {
    rule: "6.10 CONTINUATION on stream 0",
    bytes: [frame(1, 0, 1, BLOCK), frame(9, endHeaders, 0)],
    ends: "protocolError",
  },
  {
    rule: "6.10 CONTINUATION behind END_HEADERS",
    bytes: [headersFrame(1, POST, false), frame(9, endHeaders, 1, BLOCK)],
    ends: "protocolError",
  },
];

/** A peer that keeps requests unanswered, but for rows that need reading to be stopped: their windows stay used up. */
function peerFor(row: Row): Http2ServerPeer {
  return Http2ServerPeer.started(row.options ?? {}, silence);
}

describe("RFC 9113: the connection ends with", () => {
  for (const row of fatal) {
    it(`${row.ends} for ${row.rule}`, () => {
      const peer = peerFor(row);
      if (row.rule.startsWith("6.9.1 more DATA")) {
        peer.feed(row.bytes[0]!);
        peer.request.encoder.stream.readDisable(true);
        peer.feed(...row.bytes.slice(1));
      } else {
        const written = peer.feed(...row.bytes);
        assert.match(written.at(-1) ?? "", new RegExp(`^GOAWAY last \\d+ code ${ErrorCode[row.ends]}$`));
      }
      assert.equal(CODE_NAMES[(peer.error as Http2Error).code], row.ends);
      assert.ok(peer.connection.shouldClose);
      assert.deepEqual(peer.feed(pingFrame()), [], "nothing is read or written any more");
    });

    it(`${row.ends} for ${row.rule}, if each byte comes alone`, () => {
      const peer = peerFor(row);
      const bytes = Buffer.concat(row.bytes);
      for (let i = 0; i < bytes.length && peer.error === null; i++) {
        peer.feed(bytes.subarray(i, i + 1));
        if (i === 60 && row.rule.startsWith("6.9.1 more DATA")) peer.request.encoder.stream.readDisable(true);
      }
      assert.equal(CODE_NAMES[(peer.error as Http2Error).code], row.ends);
    });
  }
});

describe("RFC 9113 §3.4: the beginning", () => {
  it("is the preface and SETTINGS, answered with SETTINGS and their acknowledgement in one write", () => {
    const peer = new Http2ServerPeer();
    assert.deepEqual(peer.feed(CLIENT_START), [
      `SETTINGS 3=1024 4=${16 * 1024 * 1024}`,
      `WINDOW_UPDATE 0 +${24 * 1024 * 1024 - 65_535}`,
      "SETTINGS ack",
    ]);
    assert.equal(peer.sink.flushes, 1);
  });

  for (const [what, bytes] of [
    ["bytes that are no preface", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["another frame before SETTINGS", Buffer.concat([PREFACE, pingFrame()])],
    ["an acknowledgement before SETTINGS", Buffer.concat([PREFACE, SETTINGS_ACK])],
  ] as const) {
    it(`is refused if it is ${what}`, () => {
      const peer = new Http2ServerPeer();
      assert.match(peer.feed(bytes).at(-1)!, /^GOAWAY last 0 code 1$/);
      assert.ok(peer.error !== null);
    });
  }
});

describe("RFC 9113: the connection goes on with", () => {
  const padding = (length: number): string => "\0".repeat(length);
  const harmless: readonly (readonly [rule: string, bytes: readonly Buffer[]])[] = [
    ["4.1 unknown types of frames", [frame(0x21, 0xff, 0, "anything"), frame(0x22, 0, 7)]],
    ["4.1 unknown flags", [frame(6, 0xfe, 0, "12345678")]],
    ["4.1 the reserved bit of stream numbers", [frame(6, 0, 0x8000_0000, "12345678")]],
    ["5.1 idle: PRIORITY", [frame(2, 0, 9, Buffer.alloc(5))]],
    ["5.5 unknown settings", [settingsFrame(0x1234, 5)]],
    ["6.1 DATA with padding", [headersFrame(1, POST, false), frame(0, padded | endStream, 1, `\x04abc${padding(4)}`)]],
    [
      "6.1 DATA of padding only",
      [headersFrame(1, POST, false), frame(0, padded, 1, `\x04${padding(4)}`), dataFrame(1, "abc", true)],
    ],
    [
      "6.2 HEADERS with padding and priority",
      [
        frame(
          1,
          endHeaders | endStream | padded | priority,
          1,
          Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 16]), BLOCK, Buffer.alloc(3)]),
        ),
      ],
    ],
    ["6.4 RST_STREAM on a closed stream", [headersFrame(1, GET), rstFrame(1, 8), rstFrame(1, 8)]],
    ["6.5 settings of all kinds", [settingsFrame(1, 0, 2, 0, 3, 0, 4, 0, 5, 16_384, 6, 100)]],
    ["6.9 WINDOW_UPDATE on a closed stream", [headersFrame(1, GET), windowUpdateFrame(1, 5)]],
    [
      "6.10 a block in several frames",
      [
        frame(1, endStream, 1, BLOCK.subarray(0, 1)),
        frame(9, 0, 1, BLOCK.subarray(1, 5)),
        frame(9, endHeaders, 1, BLOCK.subarray(5)),
      ],
    ],
    [
      "5.1 closed by us: DATA and trailers that were on their way",
      [headersFrame(1, POST, false), windowUpdateFrame(1, 0), dataFrame(1, "abc"), headersFrame(1, ["a", "b"])],
    ],
  ];
  for (const [rule, bytes] of harmless) {
    it(rule, () => {
      for (const parts of [[Buffer.concat(bytes)], [...Buffer.concat(bytes)].map((byte) => Buffer.from([byte]))]) {
        const peer = Http2ServerPeer.started();
        for (const part of parts) peer.feed(part);
        assert.deepEqual(peer.feed(pingFrame("are you ")), ["PING ack are you "]);
        assert.equal(peer.error, null);
      }
    });
  }
});

describe("RFC 9113: only the stream ends with", () => {
  it("6.9 PROTOCOL_ERROR for WINDOW_UPDATE of 0", () => {
    const peer = Http2ServerPeer.started({}, silence);
    assert.deepEqual(peer.feed(headersFrame(1, GET), windowUpdateFrame(1, 0)), ["RST_STREAM 1 code 1"]);
    assert.equal(peer.request.reset, "protocol error (http2.violation.of.messaging.rule)");
  });

  it("6.9.1 FLOW_CONTROL_ERROR for a window above 2^31-1", () => {
    const peer = Http2ServerPeer.started({}, silence);
    assert.deepEqual(peer.feed(headersFrame(1, GET), windowUpdateFrame(1, MAX_WINDOW)), ["RST_STREAM 1 code 3"]);
  });

  it("5.1.2 REFUSED_STREAM for one stream more than allowed", () => {
    const peer = Http2ServerPeer.started({ protocol: { maxConcurrentStreams: 2 } }, silence);
    assert.deepEqual(peer.feed(headersFrame(1, GET), headersFrame(3, GET), headersFrame(5, GET)), [
      "RST_STREAM 5 code 7",
    ]);
    assert.equal(peer.requests.length, 2);
    assert.equal(peer.refused, 1);
    peer.feed(rstFrame(1, 8));
    assert.deepEqual(peer.feed(headersFrame(7, GET)), []);
    assert.equal(peer.requests.length, 3);
  });
});

describe("RFC 9113: frames are answered", () => {
  it("6.5.3 SETTINGS with an acknowledgement, 6.7 PING with its bytes", () => {
    const peer = Http2ServerPeer.started();
    assert.deepEqual(peer.feed(settingsFrame(), pingFrame("87654321"), pingFrame("12345678", true)), [
      "SETTINGS ack",
      "PING ack 87654321",
    ]);
  });

  it("6.8 GOAWAY of the client is told to the user", () => {
    const peer = Http2ServerPeer.started();
    assert.deepEqual(peer.feed(goAwayFrame(0, 0)), []);
    assert.equal(peer.goAways, 1);
  });

  it("6.4 RST_STREAM ends the stream, with its reason told to the user", () => {
    for (const [code, reason] of [
      [ErrorCode.cancel, "remote reset (http2.remote_reset)"],
      [ErrorCode.refusedStream, "remote refused stream reset (http2.remote_refuse)"],
      [ErrorCode.connectError, "remote error with CONNECT request (http2.remote_reset)"],
      [0x1234, "remote reset (http2.remote_reset)"],
    ] as const) {
      const peer = Http2ServerPeer.started({}, silence);
      peer.feed(headersFrame(1, GET), numberFrame(FrameType.rstStream, 1, code));
      assert.equal(peer.request.reset, reason);
      assert.equal(peer.streamsGone, 1);
      assert.equal(peer.counted.rx_reset, 1);
    }
  });
});
