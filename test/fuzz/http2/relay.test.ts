import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseHeaderMap, TrailerMap } from "../../../src/http/header-map.ts";
import { FuzzBudget } from "../../harness/fuzz-budget.ts";
import { Http2ClientPeer, request } from "../../harness/http2-client-peer.ts";
import { Http2ServerPeer, silence } from "../../harness/http2-server-peer.ts";
import { SeededRandom } from "../../harness/seeded-random.ts";

/** Moves what either side has written to the other, cut anywhere, until both are silent. */
function settle(client: Http2ClientPeer, server: Http2ServerPeer, random: SeededRandom): void {
  for (let quiet = 0; quiet < 2; ) {
    const moved = move(client, server, random) + move(server, client, random);
    quiet = moved === 0 ? quiet + 1 : 0;
  }
}

function move(
  from: Http2ClientPeer | Http2ServerPeer,
  to: Http2ClientPeer | Http2ServerPeer,
  random: SeededRandom,
): number {
  const bytes = from.sink.takeBytes();
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + random.below(random.oneIn(3) ? 20 : 20_000);
    to.connection.dispatch(bytes.subarray(at, next));
    at = next;
  }
  return bytes.length;
}

function randomList(random: SeededRandom): string[] {
  const list: string[] = [];
  for (let n = random.below(8); n > 0; n--)
    list.push(`x-${random.below(5)}`, "v".repeat(random.below(random.oneIn(20) ? 5000 : 20)));
  return list;
}

/** One connection, some streams at once; each side's message arrives as it was. */
function checkRun(seed: number): void {
  const random = new SeededRandom(seed);
  const windows = { initialStreamWindowBytes: 65_535, initialConnectionWindowBytes: random.pick([65_535, 200_000]) };
  const client = new Http2ClientPeer({ ...windows, hpackTableBytes: random.pick([0, 100, 4096]) });
  const server = new Http2ServerPeer(
    { protocol: { ...windows, hpackTableBytes: random.pick([0, 200, 4096]) } },
    silence,
  );
  settle(client, server, random);
  const exchanges = Array.from({ length: 1 + random.below(10) }, () => {
    const sent = {
      list: randomList(random),
      size: random.below(random.oneIn(3) ? 300_000 : 50),
      trailers: randomList(random),
    };
    const back = {
      list: randomList(random),
      size: random.below(random.oneIn(3) ? 300_000 : 50),
      trailers: randomList(random),
    };
    const seen = client.send(request("POST", sent.list.slice()), true);
    seen.encoder.encodeData(Buffer.alloc(sent.size, "r"), sent.trailers.length === 0);
    if (sent.trailers.length > 0) seen.encoder.encodeTrailers(new TrailerMap(sent.trailers.slice()));
    if (random.oneIn(3)) settle(client, server, random);
    return { sent, back, seen };
  });
  settle(client, server, random);
  assert.equal(server.requests.length, exchanges.length);
  for (const [i, { sent, back }] of exchanges.entries()) {
    const { headers, bodyBytes, trailers, ended, encoder } = server.requests[i]!;
    assert.deepEqual(
      [headers.list, bodyBytes, trailers?.list ?? [], ended],
      [sent.list, sent.size, sent.trailers, true],
    );
    encoder.encodeHeaders(new ResponseHeaderMap(400 + i, back.list.slice()), false);
    encoder.encodeData(Buffer.alloc(back.size, "s"), back.trailers.length === 0);
    if (back.trailers.length > 0) encoder.encodeTrailers(new TrailerMap(back.trailers.slice()));
  }
  settle(client, server, random);
  for (const [i, { back, seen }] of exchanges.entries()) {
    const got = [seen.headers?.status, seen.headers?.list, seen.body.length, seen.trailers?.list ?? [], seen.ended];
    assert.deepEqual(got, [400 + i, back.list, back.size, back.trailers, true]);
  }
  for (const { stats } of [client, server]) {
    assert.deepEqual([stats.streams_active ?? 0, stats.pending_send_bytes ?? 0], [0, 0]);
  }
  assert.equal(client.completed.length, exchanges.length);
}

describe("The two ends of the HTTP/2 codec", () => {
  it("bring every message over as it was, whatever windows, tables and cuts", () => {
    new FuzzBudget().spend(checkRun, 20);
  });
});
