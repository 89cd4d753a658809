import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FuzzBudget } from "../../harness/fuzz-budget.ts";
import { Http1ClientPeer, type SeenResponse } from "../../harness/http1-client-peer.ts";
import { SeededRandom } from "../../harness/seeded-random.ts";
import { findFailure } from "./find-failure.ts";
import { type NodeResponse, nodeResponse } from "./node-client-oracle.ts";
import { NODE_FRAMING_FIELD_ERRORS } from "./node-framing-errors.ts";
import { ResponseGenerator } from "./response-generator.ts";

interface Fed {
  readonly peer: Http1ClientPeer;
  readonly seen: SeenResponse;
  /** Bytes fed when the stream was complete, or all. */
  readonly used: number;
}

function feed(method: string, pieces: readonly Buffer[]): Fed {
  const peer = new Http1ClientPeer();
  const seen = peer.send(method);
  let used = 0;
  for (const piece of pieces) {
    // What becomes of bytes behind a response depends on whether they come in the same read; that is not compared.
    if (peer.completions.length > 0) break;
    peer.feed(piece);
    used += piece.length;
  }
  if (peer.completions.length === 0) peer.connection.onRemoteClose();
  return { peer, seen, used };
}

function describeOutcome({ peer, seen }: Fed): string {
  const ended = seen.ends === 1;
  return JSON.stringify({
    interim: seen.interim.map((headers) => headers.status),
    status: seen.headers?.status ?? 0,
    list: seen.headers?.list ?? [],
    body: ended || peer.error === null ? seen.body : "",
    ends: seen.ends,
    reset: seen.reset,
    details: peer.error?.details ?? "",
  });
}

/** What our codec understood less strictly than node:http, or differently; "" if there is nothing. */
function disagreement({ seen }: Fed, node: NodeResponse): string {
  if (seen.ends === 0) return "";
  const headers = seen.headers!;
  if (node.status !== headers.status) return `node:http has status ${node.status} ${node.error}`;
  if (NODE_FRAMING_FIELD_ERRORS.has(node.error)) return "";
  if (!node.ended) return `the response is taken, node:http says ${node.error || "it is not complete"}`;
  if (node.body !== seen.body) return "the body is another";
  const comparable: string[] = [];
  for (let i = 0; i < node.list.length; i += 2) {
    const name = node.list[i]!;
    if (name === "transfer-encoding" || (name === "content-length" && headers.status === 204)) continue;
    comparable.push(name, node.list[i + 1]!);
  }
  return comparable.join("\n") === headers.list.join("\n") ? "" : "the headers are others";
}

describe("Http1ClientConnection against node:http", () => {
  it("agrees or is stricter, however the bytes are cut", async (t) => {
    const budget = new FuzzBudget();
    const random = new SeededRandom(budget.seed);
    const generator = new ResponseGenerator(random);
    let taken = 0;

    const failure = async (text: string): Promise<string> => {
      const bytes = Buffer.from(text, "latin1");
      const method = bytes.length % 5 === 0 ? "HEAD" : "GET";
      const fed = feed(method, [bytes]);
      const whole = describeOutcome(fed);
      const singly = feed(
        method,
        Array.from(bytes, (byte) => Buffer.of(byte)),
      );
      const singles = describeOutcome(singly);
      if (singles !== whole) return `byte by byte it is another outcome: ${singles} instead of ${whole}`;
      taken += fed.seen.ends;
      // node:http throws a response away for what stands behind it; we keep it and give the connection up.
      return disagreement(fed, await nodeResponse(method, text.slice(0, singly.used)));
    };

    const inputs = await findFailure(budget, () => generator.next(), failure);
    t.diagnostic(`seed ${budget.seed}: ${inputs} inputs, ${taken} responses taken`);
    assert.ok(taken > 0 && taken < inputs, "the generator makes both right and wrong responses");
  });
});
