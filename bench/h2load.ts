import { runOnLoadCore } from "./run-command.ts";

/** What an HTTP/2 load looks like to a proxy. */
export interface Http2LoadShape {
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly streams: number;
  /** Path of the requests. */
  readonly target: string;
}

/** What h2load saw. */
export interface Http2LoadResult {
  readonly requests: number;
  /** Failed, errored, timed out, or answered with something else than 2xx. */
  readonly errors: number;
  readonly requestsPerSecond: number;
  readonly meanUs: number;
}

/** Sends as much as one h2load thread can over HTTP/2, for a time: prior knowledge, or ALPN over TLS. */
export async function runHttp2Load(url: string, shape: Http2LoadShape, seconds: number): Promise<Http2LoadResult> {
  const { connections, streams, target } = shape;
  const args = ["-t1", `-c${connections}`, `-m${streams}`, "-D", String(seconds), `${url}${target}`];
  const output = await runOnLoadCore(["h2load", ...args], (seconds + 30) * 1000);
  const counts = /^requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed/m.exec(output);
  const rate = /^finished in [^,]+, ([\d.]+) req\/s/m.exec(output);
  const ok = /^status codes: (\d+) 2xx/m.exec(output);
  const time = /^time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)\b/m.exec(output);
  if (counts === null || rate === null || ok === null) throw new Error(`h2load said something new:\n${output}`);
  const done = Number(counts[2]);
  const unit = { us: 1, ms: 1000, s: 1e6 }[time?.[2] ?? "us"] ?? 1;
  return {
    requests: done,
    errors: Number(counts[4]) + Math.max(0, done - Number(ok[1])),
    requestsPerSecond: Number(rate[1]),
    meanUs: Number(time?.[1] ?? Number.NaN) * unit,
  };
}
