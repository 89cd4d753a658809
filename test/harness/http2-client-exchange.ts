import type http2 from "node:http2";

/** A whole response. */
export interface Http2Response {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: string;
  readonly rstCode: number;
}

/** One request on a session, to its end; a reset is no rejection but a code. */
export function http2Exchange(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body: string | Buffer = "",
  trailers?: http2.OutgoingHttpHeaders,
): Promise<Http2Response> {
  return new Promise((resolve) => {
    const endStream = body.length === 0 && trailers === undefined;
    const stream = session.request(headers, { endStream, waitForTrailers: trailers !== undefined });
    let head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    let tail: http2.IncomingHttpHeaders = {};
    const parts: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("response", (received) => {
      head = received;
    });
    stream.on("trailers", (received) => {
      tail = received;
    });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
    stream.on("data", (chunk: Buffer) => parts.push(chunk));
    stream.on("close", () =>
      resolve({
        status: head[":status"] ?? 0,
        headers: head,
        trailers: tail,
        body: Buffer.concat(parts).toString(),
        rstCode: stream.rstCode ?? 0,
      }),
    );
    if (!endStream) stream.end(body);
  });
}
