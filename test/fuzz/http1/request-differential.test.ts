import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FuzzBudget } from "../../harness/fuzz-budget.ts";
import { Http1Relay } from "../../harness/http1-relay.ts";
import { Http1ServerPeer } from "../../harness/http1-server-peer.ts";
import { SeededRandom } from "../../harness/seeded-random.ts";
import { findFailure } from "./find-failure.ts";
import { NODE_FRAMING_FIELD_ERRORS } from "./node-framing-errors.ts";
import { type NodeOutcome, NodeServerOracle } from "./node-server-oracle.ts";
import { RequestGenerator } from "./request-generator.ts";

/** Forwarding is checked for a part of the inputs, because it takes twice the time. */
const RELAYED_ONE_IN = 3;

function feed(pieces: readonly Buffer[]): Http1ServerPeer {
  const peer = new Http1ServerPeer({ acceptHttp10: true });
  for (const piece of pieces) peer.feed(piece);
  return peer;
}

function describeOutcome(peer: Http1ServerPeer): string {
  return JSON.stringify({
    requests: peer.requests.map(({ headers, body, ends }) => [
      headers.method,
      headers.path,
      headers.authority,
      headers.list,
      ends === 1 || peer.error === null ? body : "",
      ends,
    ]),
    error: peer.error?.details ?? "",
    status: peer.error?.status ?? 0,
    closes: peer.connection.shouldClose,
    written: peer.sink.text,
  });
}

/** Headers as both sides must agree on; what our codec takes out of the list is left out of node's. */
function comparableList(list: readonly string[]): string[] {
  const comparable: string[] = [];
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    if (name !== "host" && name !== "transfer-encoding" && name !== "expect") comparable.push(name, list[i + 1]!);
  }
  return comparable;
}

/** The path of a target in absolute or origin form, found in another way than the codec's. */
function pathOf(target: string, method: string): string {
  const match = /^https?:\/\/[^/?#]*(.*)$/is.exec(target);
  if (match === null) return target;
  const rest = match[1]!;
  if (rest === "") return method === "OPTIONS" ? "*" : "/";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/**
 * Whether no head before this request says `close`. node:http then obeys a Connection field among the trailers, which may say
 * nothing about framing (RFC 9110, section 6.5.1).
 */
function closedByTrailer(peer: Http1ServerPeer, before: number): boolean {
  return !peer.requests.slice(0, before).some(({ headers }) => /\bclose\b/i.test(headers.get("connection") ?? ""));
}

/** The first thing that our codec understood less strictly than node:http, or differently; "" if there is none. */
function disagreement(peer: Http1ServerPeer, node: NodeOutcome): string {
  for (const [i, ours] of peer.requests.entries()) {
    if (ours.headers.protocol !== "" || ours.headers.method === "CONNECT") return "";
    if (ours.ends === 0) continue;
    const theirs = node.requests[i];
    if (theirs === undefined || !theirs.ended) {
      // It has accepted the head, so the field must be a trailer.
      if (theirs !== undefined && NODE_FRAMING_FIELD_ERRORS.has(node.error)) return "";
      if (node.error === "HPE_CLOSED_CONNECTION" && closedByTrailer(peer, i)) return "";
      return `request ${i} is served, node:http says ${node.error || "it is not complete"}`;
    }
    if (theirs.method !== ours.headers.method) return `request ${i} has another method`;
    if (pathOf(theirs.target, theirs.method) !== ours.headers.path) return `request ${i} has another path`;
    if (theirs.version !== ours.version) return `request ${i} has another version`;
    if (theirs.body !== ours.body) return `request ${i} has another body`;
    if (comparableList(theirs.list).join("\n") !== ours.headers.list.join("\n"))
      return `request ${i} has other headers`;
  }
  const served = peer.requests.filter((request) => request.ends === 1).length;
  const theirs = node.requests.filter((request) => request.ended).length;
  if (peer.error === null && !peer.connection.shouldClose && served < theirs) {
    return `node:http sees ${theirs} requests, we see ${served} and wait`;
  }
  return "";
}

/** Whether node:http, as an upstream, understands what we forward as the requests that we served; "" if it does. */
async function misforwarded(text: string, peer: Http1ServerPeer, oracle: NodeServerOracle): Promise<string> {
  if (peer.requests.some(({ headers }) => headers.protocol !== "" || headers.method === "CONNECT")) return "";
  const relay = new Http1Relay({ acceptHttp10: true });
  relay.feed(text);
  const received: string[] = [];
  for (const upstream of relay.upstreams) {
    const node = await oracle.feed(upstream.text);
    if (node.error !== "") return `the upstream says ${node.error} to ${JSON.stringify(upstream.text)}`;
    for (const request of node.requests) {
      if (request.ended) received.push(`${request.method} ${request.target} ${request.body}`);
    }
  }
  const sent: string[] = [];
  for (const { headers, body, ends } of peer.requests)
    if (ends === 1) sent.push(`${headers.method} ${headers.path} ${body}`);
  if (received.join("\n") === sent.join("\n")) return "";
  return `the upstream understands ${JSON.stringify(received)} instead of ${JSON.stringify(sent)}`;
}

function randomPieces(bytes: Buffer, random: SeededRandom): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(24));
    pieces.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return pieces;
}

describe("Http1ServerConnection against node:http", () => {
  it("agrees or is stricter, however the bytes are cut", async (t) => {
    const budget = new FuzzBudget();
    const random = new SeededRandom(budget.seed);
    const generator = new RequestGenerator(random);
    const oracle = new NodeServerOracle();
    t.after(() => oracle.close());
    let inputs = 0;
    let served = 0;
    let refused = 0;

    const failure = async (text: string): Promise<string> => {
      const bytes = Buffer.from(text, "latin1");
      const peer = feed([bytes]);
      const whole = describeOutcome(peer);
      const singles = describeOutcome(feed([...bytes].map((byte) => Buffer.of(byte))));
      if (singles !== whole) return `byte by byte it is another outcome: ${singles} instead of ${whole}`;
      const cut = describeOutcome(feed(randomPieces(bytes, new SeededRandom(budget.seed))));
      if (cut !== whole) return `in random pieces it is another outcome: ${cut} instead of ${whole}`;
      served += peer.requests.length;
      if (peer.error !== null) refused++;
      const found = disagreement(peer, await oracle.feed(text));
      return found !== "" || inputs % RELAYED_ONE_IN !== 0 ? found : await misforwarded(text, peer, oracle);
    };

    const next = (): string => {
      inputs++;
      return generator.next();
    };
    await findFailure(budget, next, failure);
    t.diagnostic(`seed ${budget.seed}: ${inputs} inputs, ${served} requests served, ${refused} inputs refused`);
    assert.ok(served > 0 && refused > 0, "the generator makes both right and wrong requests");
  });
});
