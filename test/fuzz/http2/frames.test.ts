import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseHeaderMap, TrailerMap } from "../../../src/http/header-map.ts";
import { Http2Error } from "../../../src/http/http2/codec-details.ts";
import { FuzzBudget } from "../../harness/fuzz-budget.ts";
import { Http2ServerPeer, type Http2ServerPeerOptions } from "../../harness/http2-server-peer.ts";
import { CLIENT_START } from "../../harness/http2-wire.ts";
import { SeededRandom } from "../../harness/seeded-random.ts";
import { FrameGenerator } from "./frame-generator.ts";

const FRAMES_PER_RUN = 60;

/** A server that answers by what the request looks like alone, so that two of them do the same. */
function makePeer(options: Http2ServerPeerOptions): Http2ServerPeer {
  return Http2ServerPeer.started(options, ({ encoder, headers, bodyBytes }) => {
    const size = (headers.list.length * 7919 + bodyBytes * 31) % 90_000;
    encoder.encodeHeaders(new ResponseHeaderMap(200, ["x-size", String(size)]), size === 0);
    if (size === 0) return;
    encoder.encodeData(Buffer.alloc(size), size % 3 !== 0);
    if (size % 3 === 0) encoder.encodeTrailers(new TrailerMap(["x-sum", "1"]));
  });
}

/** Everything that a user and a client can see of a run. */
function outcome(peer: Http2ServerPeer, written: readonly string[]): unknown {
  const requests = peer.requests.map(({ headers, bodyBytes, trailers, ended, reset }) => [
    headers.method,
    headers.list,
    bodyBytes,
    trailers?.list ?? null,
    ended,
    reset,
  ]);
  const error = peer.error === null ? null : [(peer.error as Http2Error).code, peer.error.message];
  return {
    requests,
    error,
    dataBytes: dataBytes(written),
    others: written.filter((line) => !/^(DATA|WINDOW_UPDATE)/.test(line)),
  };
}

function dataBytes(written: readonly string[]): number {
  let bytes = 0;
  for (const line of written) {
    const match = /^DATA \d+(?: end)? (?:(\d+)$|"([\s\S]*)"$)/.exec(line);
    if (match !== null) bytes += match[1] === undefined ? match[2]!.length : Number(match[1]);
  }
  return bytes;
}

function checkRun(seed: number): void {
  const random = new SeededRandom(seed);
  const options: Http2ServerPeerOptions = {
    protocol: {
      streamErrorOnInvalidHttpMessage: random.oneIn(2),
      maxConcurrentStreams: random.pick([2, 100]),
      allowConnect: random.oneIn(2),
    },
    bufferLimitBytes: random.pick([1000, 1_000_000]),
  };
  const generator = new FrameGenerator(random);
  const parts = Array.from({ length: FRAMES_PER_RUN }, () => generator.next());
  const bytes = Buffer.concat(parts);
  const whole = makePeer(options);
  const writtenWhole = whole.feed(bytes);
  const pieces = makePeer(options);
  const writtenPieces: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + random.below(random.oneIn(4) ? 2000 : 30);
    writtenPieces.push(...pieces.feed(bytes.subarray(at, next)));
    at = next;
  }
  assert.deepEqual(
    outcome(pieces, writtenPieces),
    outcome(whole, writtenWhole),
    "however the bytes are cut, the outcome is the same",
  );
  for (const peer of [whole, pieces]) {
    assert.ok(peer.error === null || peer.error instanceof Http2Error);
    if (peer.error !== null) assert.deepEqual(peer.feed(CLIENT_START), [], "nothing is written behind GOAWAY");
    peer.connection.onRemoteClose();
    assert.equal(peer.stats.streams_active ?? 0, 0);
    assert.equal(peer.stats.pending_send_bytes ?? 0, 0);
    peer.advance(400_000);
    assert.equal(peer.timers.armedCount, 0);
    for (const { ended, reset } of peer.requests) assert.ok(ended || reset !== null, "each request ends");
  }
}

describe("The HTTP/2 server codec", () => {
  it("comes to the same end however the bytes are cut, never throws anything but its error, and keeps nothing", () => {
    new FuzzBudget().spend(checkRun, 50);
  });
});
