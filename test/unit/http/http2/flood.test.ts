import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Http2Error } from "../../../../src/http/http2/codec-details.ts";
import { ErrorCode, FrameFlag, FrameType } from "../../../../src/http/http2/frame.ts";
import { Http2ServerPeer, silence } from "../../../harness/http2-server-peer.ts";
import {
  dataFrame,
  frame,
  GET,
  headersFrame,
  POST,
  pingFrame,
  plainBlock,
  rstFrame,
  settingsFrame,
  windowUpdateFrame,
} from "../../../harness/http2-wire.ts";

function times(count: number, make: (i: number) => Buffer): Buffer[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function assertFlood(peer: Http2ServerPeer, stat: string | null): void {
  assert.ok(peer.error !== null, "the connection ends");
  const error = peer.error as Http2Error;
  assert.equal(error.code, ErrorCode.enhanceYourCalm);
  assert.ok(error.isFlood);
  if (stat !== null) assert.equal(peer.counted[stat], 1);
}

describe("An HTTP/2 connection is cut for a flood of", () => {
  it("PING that the peer does not take the answers of", () => {
    const peer = Http2ServerPeer.started();
    peer.sink.unsentBytes = 1e9;
    for (let i = 0; i < 990; i++) peer.feed(pingFrame());
    assert.equal(peer.error, null);
    peer.feed(...times(15, () => pingFrame()));
    assertFlood(peer, "outbound_control_flood");
  });

  it("PING in one read", () => {
    const peer = Http2ServerPeer.started();
    peer.feed(...times(1100, () => pingFrame()));
    assertFlood(peer, "outbound_control_flood");
  });

  it("SETTINGS", () => {
    const peer = Http2ServerPeer.started();
    peer.feed(...times(1100, () => settingsFrame()));
    assertFlood(peer, "outbound_control_flood");
  });

  it("requests that are refused", () => {
    const peer = Http2ServerPeer.started({ protocol: { maxConcurrentStreams: 1 } }, silence);
    peer.feed(...times(1100, (i) => headersFrame(1 + 2 * i, GET)));
    assertFlood(peer, "outbound_control_flood");
    assert.equal(peer.requests.length, 1);
  });

  it("frames of any type that wait to be sent", () => {
    const peer = Http2ServerPeer.started({ protocol: { maxOutboundFrames: 100, maxOutboundControlFrames: 1000 } });
    peer.sink.unsentBytes = 1e9;
    for (let i = 0; i < 60; i++) peer.feed(headersFrame(1 + 2 * i, GET));
    assertFlood(peer, "outbound_flood");
  });

  it("DATA without bytes, from the second in a row on", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(headersFrame(1, POST, false), dataFrame(1, ""), dataFrame(1, "a"), dataFrame(1, ""));
    assert.equal(peer.error, null);
    peer.feed(frame(FrameType.data, FrameFlag.padded, 1, "\x02\0\0"));
    assertFlood(peer, "inbound_empty_frames_flood");
    assert.equal(peer.error!.details, "http2.inbound_empty_frames_flood");
  });

  it("CONTINUATION without bytes", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(frame(FrameType.headers, 0, 1, plainBlock(GET)), ...times(2, () => frame(FrameType.continuation, 0, 1)));
    assertFlood(peer, "inbound_empty_frames_flood");
  });

  it("CONTINUATION without end", () => {
    const peer = Http2ServerPeer.started({}, silence);
    peer.feed(frame(FrameType.headers, 0, 1, plainBlock(GET)));
    for (let i = 0; i < 100 && peer.error === null; i++) peer.feed(frame(FrameType.continuation, 0, 1, "a"));
    assertFlood(peer, null);
  });

  it("PRIORITY: more than 100 for each stream and 100 more", () => {
    const peer = Http2ServerPeer.started({}, silence);
    const priority = frame(FrameType.priority, 0, 1, Buffer.alloc(5));
    peer.feed(headersFrame(1, POST, false), ...times(200, () => priority));
    assert.equal(peer.error, null);
    peer.feed(priority);
    assertFlood(peer, "inbound_priority_frames_flood");
  });

  it("WINDOW_UPDATE: more than 5, 2 for each stream and 20 for each DATA sent", () => {
    const idle = Http2ServerPeer.started({}, silence);
    idle.feed(headersFrame(1, POST, false), ...times(7, () => windowUpdateFrame(0, 1)));
    assert.equal(idle.error, null);
    idle.feed(windowUpdateFrame(1, 1));
    assertFlood(idle, "inbound_window_update_frames_flood");
    const busy = Http2ServerPeer.started();
    busy.feed(headersFrame(1, GET), ...times(27, () => windowUpdateFrame(0, 1)));
    assert.equal(busy.error, null);
    busy.feed(windowUpdateFrame(0, 1));
    assertFlood(busy, "inbound_window_update_frames_flood");
  });
});

describe("An HTTP/2 connection is not cut", () => {
  it("for any number of PING and requests, as long as the peer takes what we send", () => {
    const peer = Http2ServerPeer.started();
    for (let i = 0; i < 20_000; i++) {
      if (i % 3 === 0) peer.feed(pingFrame());
      peer.feed(headersFrame(1 + 2 * i, GET));
    }
    assert.equal(peer.error, null);
    assert.equal(peer.requests.length, 20_000);
  });

  it("for a peer that always lags behind a little", () => {
    const peer = Http2ServerPeer.started();
    peer.sink.unsentBytes = 2000;
    for (let i = 0; i < 20_000; i++) peer.feed(pingFrame(), headersFrame(1 + 2 * i, GET));
    assert.equal(peer.error, null);
  });

  it("for streams that come and are cancelled, by the codec: who counts them is its user", () => {
    const peer = Http2ServerPeer.started({}, silence);
    for (let i = 0; i < 5000; i++) peer.feed(headersFrame(1 + 2 * i, GET), rstFrame(1 + 2 * i, ErrorCode.cancel));
    assert.equal(peer.error, null);
    assert.equal(peer.requests.length, 5000);
    assert.equal(peer.counted.rx_reset, 5000);
    assert.equal(peer.counted.streams_active, undefined);
  });
});
