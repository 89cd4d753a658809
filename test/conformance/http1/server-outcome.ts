import assert from "node:assert/strict";
import type { Http1ServerOptions } from "../../../src/http/http1/codec-options.ts";
import { type Answer, Http1ServerPeer, numbered } from "../../harness/http1-server-peer.ts";
import { splitEveryWay } from "./split-every-way.ts";

/** All that a client and a user of the codec could see of some bytes. */
export interface ServerOutcome {
  readonly requests: readonly {
    readonly method: string;
    readonly path: string;
    readonly authority: string;
    readonly version: string;
    readonly list: readonly string[];
    readonly body: string;
    readonly trailers: readonly string[] | null;
    readonly ended: boolean;
  }[];
  /** Status the connection is refused with; 0 if it is not. */
  readonly status: number;
  readonly details: string;
  readonly written: string;
  readonly closes: boolean;
}

/** Feeds `bytes` in each way of splitting them and demands the same outcome each time. */
export function serverOutcome(
  bytes: string,
  options: Partial<Http1ServerOptions> = {},
  answer: Answer = numbered,
): ServerOutcome {
  let first: ServerOutcome | undefined;
  for (const { name, pieces } of splitEveryWay(bytes)) {
    const outcome = feed(pieces, options, answer);
    first ??= outcome;
    // A body that turns out malformed may be handed on in part.
    const comparable = first.status === 0 ? (o: ServerOutcome) => o : withoutBodies;
    assert.deepEqual(comparable(outcome), comparable(first), `fed ${name}, the outcome differs`);
  }
  return first!;
}

function withoutBodies(outcome: ServerOutcome): ServerOutcome {
  return { ...outcome, requests: outcome.requests.map((r) => (r.ended ? r : { ...r, body: "" })) };
}

function feed(pieces: readonly Buffer[], options: Partial<Http1ServerOptions>, answer: Answer): ServerOutcome {
  const peer = new Http1ServerPeer(options, answer);
  for (const piece of pieces) peer.feed(piece);
  for (const request of peer.requests) assert.ok(request.ends <= 1, "a request ended twice");
  return {
    requests: peer.requests.map((request) => ({
      method: request.headers.method,
      path: request.headers.path,
      authority: request.headers.authority,
      version: request.version,
      list: request.headers.list,
      body: request.body,
      trailers: request.trailers?.list ?? null,
      ended: request.ends === 1,
    })),
    status: peer.error?.status ?? 0,
    details: peer.error?.details ?? "",
    written: peer.sink.text,
    closes: peer.connection.shouldClose,
  };
}
