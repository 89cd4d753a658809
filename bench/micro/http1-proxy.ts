import type { ByteSink, ClientConnection, RequestEncoder, ResponseEncoder } from "../../src/http/codec.ts";
import { Http1ClientConnection } from "../../src/http/http1/client-connection.ts";
import { DEFAULT_HTTP1_CLIENT_OPTIONS, DEFAULT_HTTP1_SERVER_OPTIONS } from "../../src/http/http1/codec-options.ts";
import { NO_HTTP1_CODEC_STATS } from "../../src/http/http1/codec-stats.ts";
import { Http1ServerConnection } from "../../src/http/http1/server-connection.ts";
import { BROWSER_REQUEST, CURL_REQUEST } from "./http1-requests.ts";
import { printNanoseconds } from "./nanoseconds.ts";

/** All that the codecs do for one proxied request: decode, encode, decode the response, encode it. No sockets, no filters. */
const target = Buffer.alloc(64 * 1024);
const body = Buffer.from("hello, world");
const RESPONSE = Buffer.from(
  "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\n" +
    `Content-Length: ${body.length}\r\nLast-Modified: Sat, 21 Nov 2026 00:00:00 GMT\r\nETag: "abc"\r\n\r\n${body}`,
);
let kept = 0;

const sink: ByteSink = {
  write: (bytes) => {
    kept += bytes.copy(target, 0);
  },
  writeLatin1: (text) => {
    kept += target.write(text, 0, "latin1");
  },
};

function proxy(): Http1ServerConnection {
  const hooks = { readDisable: () => {}, closeWrite: () => {}, scheduleDispatch: () => {} };
  const upstream: ClientConnection = new Http1ClientConnection(
    DEFAULT_HTTP1_CLIENT_OPTIONS,
    sink,
    { onStreamComplete: () => {}, onGoAway: () => {} },
    hooks,
  );
  const newStream = (downstream: ResponseEncoder) => {
    const request: RequestEncoder = upstream.newStream({
      decode1xxHeaders: () => {},
      decodeHeaders: (headers, endStream) => downstream.encodeHeaders(headers, endStream),
      decodeData: (data, endStream) => downstream.encodeData(data, endStream),
      decodeTrailers: (trailers) => downstream.encodeTrailers(trailers),
    });
    return {
      decodeHeaders: (headers: Parameters<RequestEncoder["encodeHeaders"]>[0], endStream: boolean) => {
        request.encodeHeaders(headers, endStream);
        upstream.dispatch(RESPONSE);
      },
      decodeData: () => {},
      decodeTrailers: () => {},
    };
  };
  return new Http1ServerConnection(
    DEFAULT_HTTP1_SERVER_OPTIONS,
    sink,
    { newStream, onGoAway: () => {} },
    hooks,
    NO_HTTP1_CODEC_STATS,
  );
}

for (const [name, data] of [
  ["3 headers", CURL_REQUEST],
  ["12 headers", BROWSER_REQUEST],
] as const) {
  const connection = proxy();
  printNanoseconds(`${name}, proxied`, (times) => {
    for (let i = 0; i < times; i++) connection.dispatch(data);
  });
}
if (kept === 0) console.log("nothing was written");
