import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** An upstream that speaks HTTP/2 by node:http2. */
export interface Http2Upstream {
  readonly port: number;
  readonly server: http2.Http2Server;
  /** Sessions that are open, oldest first. */
  readonly sessions: http2.ServerHttp2Session[];
  /** How many sessions there were. */
  sessionCount(): number;
}

/** What becomes of each stream. */
export type Http2Script = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

/** Sends the body back, and `x-sum` behind it. */
export const echoStream: Http2Script = (stream) => {
  stream.on("error", () => {});
  stream.respond({ ":status": 200, "x-from": "http2" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "42" }));
  stream.pipe(stream);
};

/** Starts it on a free port; it ends with the test. */
export async function startHttp2Upstream(
  t: TestContext,
  script: Http2Script = echoStream,
  settings: http2.Settings = {},
): Promise<Http2Upstream> {
  const server = http2.createServer({ settings });
  const sessions: http2.ServerHttp2Session[] = [];
  let count = 0;
  server.on("session", (session) => {
    count++;
    sessions.push(session);
    session.on("error", () => {});
    session.on("close", () => sessions.splice(sessions.indexOf(session), 1));
  });
  server.on("stream", (stream: http2.ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    script(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const session of [...sessions]) session.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server, sessions, sessionCount: () => count };
}
