/** What went wrong with one request or one connection of a load. The first group are failed requests. */
export const LOAD_FAILURES = [
  /** The response had a status that was not expected. */
  "bad-status",
  /** The connection ended after part of a response. */
  "closed-mid-response",
  /** The connection ended after a request was sent and before any byte of its response. */
  "closed-before-response",
  /** A connection could not be opened. */
  "refused",
  /** The response could not be followed as HTTP/1, or came without a request. */
  "malformed",
  /** No whole response within the deadline. */
  "timed-out",
] as const;
export type LoadFailure = (typeof LOAD_FAILURES)[number];

/** One failure, for the reader of a report. */
export interface LoadFailureNote {
  readonly kind: LoadFailure;
  readonly connection: number;
  /** Number of the request on this connection slot, from 0. */
  readonly sequence: number;
  readonly detail: string;
  /** Since the start of the load. */
  readonly atMs: number;
}

/** What a `LoadClient` saw. */
export interface LoadReport {
  /** Whole responses with an expected status. */
  readonly ok: number;
  readonly failures: Readonly<Record<LoadFailure, number>>;
  /** The first 50. */
  readonly notes: readonly LoadFailureNote[];
  readonly connectionsOpened: number;
  /** Connections that the server announced to close (`Connection: close` on a whole response), closed after it. */
  readonly closedAnnounced: number;
  /** Connections that ended between two messages without announcement, while no request was under way. */
  readonly closedUnannounced: number;
  /** Time from sending to the whole response, of the requests that went well. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  readonly durationMs: number;
}

/** All failed requests of a report. */
export function failedRequests(report: LoadReport): number {
  return LOAD_FAILURES.reduce((sum, kind) => sum + report.failures[kind], 0);
}

/** A report in a few lines, for a terminal. */
export function describeLoad(report: LoadReport): string {
  const kinds = LOAD_FAILURES.filter((kind) => report.failures[kind] > 0).map(
    (kind) => `${kind} ${report.failures[kind]}`,
  );
  const lines = [
    `${report.ok} requests went well, ${failedRequests(report)} failed${kinds.length > 0 ? ` (${kinds.join(", ")})` : ""}`,
    `${report.connectionsOpened} connections opened, ${report.closedAnnounced} closed as announced, ${report.closedUnannounced} closed unannounced`,
    `latency p50 ${report.latency.p50Ms.toFixed(2)} ms, p99 ${report.latency.p99Ms.toFixed(2)} ms, longest ${report.latency.maxMs.toFixed(1)} ms`,
  ];
  for (const note of report.notes.slice(0, 10)) {
    lines.push(
      `  at ${note.atMs.toFixed(0)} ms, connection ${note.connection}, request ${note.sequence}: ${note.kind}: ${note.detail}`,
    );
  }
  return lines.join("\n");
}

/** Counts what becomes a `LoadReport`. Latencies are kept in buckets of 1.5 %, so memory does not grow with time. */
export class LoadTally {
  ok = 0;
  connectionsOpened = 0;
  closedAnnounced = 0;
  closedUnannounced = 0;
  readonly #failures = Object.fromEntries(LOAD_FAILURES.map((kind) => [kind, 0])) as Record<LoadFailure, number>;
  readonly #notes: LoadFailureNote[] = [];
  readonly #buckets = new Map<number, number>();
  readonly #startMs = performance.now();
  #maxMs = 0;

  succeeded(latencyMs: number): void {
    this.ok += 1;
    this.#maxMs = Math.max(this.#maxMs, latencyMs);
    const bucket = Math.ceil(Math.log(Math.max(latencyMs, 0.001)) / BUCKET_WIDTH);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
  }

  failed(kind: LoadFailure, connection: number, sequence: number, detail: string): void {
    this.#failures[kind] += 1;
    if (this.#notes.length >= 50) return;
    this.#notes.push({ kind, connection, sequence, detail, atMs: performance.now() - this.#startMs });
  }

  report(): LoadReport {
    return {
      ok: this.ok,
      failures: { ...this.#failures },
      notes: [...this.#notes],
      connectionsOpened: this.connectionsOpened,
      closedAnnounced: this.closedAnnounced,
      closedUnannounced: this.closedUnannounced,
      latency: { p50Ms: this.#quantile(0.5), p99Ms: this.#quantile(0.99), maxMs: this.#maxMs },
      durationMs: performance.now() - this.#startMs,
    };
  }

  #quantile(part: number): number {
    let left = this.ok * part;
    for (const bucket of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      left -= this.#buckets.get(bucket)!;
      if (left <= 0) return Math.min(Math.exp(bucket * BUCKET_WIDTH), this.#maxMs);
    }
    return 0;
  }
}

const BUCKET_WIDTH = Math.log(1.015);
