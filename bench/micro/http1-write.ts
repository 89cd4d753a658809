import type { ByteSink } from "../../src/http/codec.ts";
import { type RequestHeaderMap, ResponseHeaderMap } from "../../src/http/header-map.ts";
import { VALUE_BYTE } from "../../src/http/http1/characters.ts";
import { DEFAULT_HTTP1_SERVER_OPTIONS } from "../../src/http/http1/codec-options.ts";
import { NO_HTTP1_CODEC_STATS } from "../../src/http/http1/codec-stats.ts";
import { HeadParser } from "../../src/http/http1/head-parser.ts";
import { HeadWriter } from "../../src/http/http1/head-writer.ts";
import { RequestHead } from "../../src/http/http1/request-head.ts";
import { Http1ServerConnection } from "../../src/http/http1/server-connection.ts";
import { BROWSER_REQUEST, CURL_REQUEST } from "./http1-requests.ts";
import { printNanoseconds } from "./nanoseconds.ts";

/**
 * Writing heads, down to bytes in a buffer as a socket would do, because strings are joined only then:
 *
 * - *checked*: the codec's writer, which lets nothing out that could end a line.
 * - *unchecked*: the same text without any check: a lower bound.
 * - *loop*: checked with a loop over the characters.
 */
const target = Buffer.alloc(64 * 1024);
const writer = new HeadWriter();
let kept = 0;

function checked(headers: RequestHeaderMap): string {
  return writer.writeFields(headers, null);
}

function unchecked(headers: RequestHeaderMap): string {
  let text = "";
  const list = headers.list;
  for (let i = 0; i < list.length; i += 2) text += `${list[i]!}: ${list[i + 1]!}\r\n`;
  return text;
}

function loop(headers: RequestHeaderMap): string {
  let text = "";
  const list = headers.list;
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1]!;
    let at = 0;
    while (at < value.length && VALUE_BYTE[value.charCodeAt(at)] === 1) at++;
    if (at === value.length) text += `${list[i]!}: ${value}\r\n`;
  }
  return text;
}

function parsed(data: Buffer): RequestHeaderMap {
  const parser = new HeadParser();
  const head = new RequestHead();
  parser.beginHead(true);
  parser.parse(data, 0, data.length, DEFAULT_HTTP1_SERVER_OPTIONS.headLimits);
  head.read(parser, data, 0, DEFAULT_HTTP1_SERVER_OPTIONS, NO_HTTP1_CODEC_STATS);
  return head.headers;
}

/** Requests and short local replies on one connection: all that the server codec does. */
function serve(data: Buffer): (times: number) => void {
  const sink: ByteSink = {
    write: (bytes) => {
      kept += bytes.length;
    },
    writeLatin1: (text) => {
      kept += target.write(text, 0, "latin1");
    },
  };
  const body = Buffer.from("hello, world");
  const list = ["content-type", "text/plain", "server", "troupe", "date", "Sat, 21 Nov 2026 00:00:00 GMT"];
  const connection = new Http1ServerConnection(
    DEFAULT_HTTP1_SERVER_OPTIONS,
    sink,
    {
      newStream: (encoder) => ({
        decodeHeaders: () => {
          const headers = new ResponseHeaderMap(200, list.slice());
          headers.add("content-length", "12");
          encoder.encodeHeaders(headers, false);
          encoder.encodeData(body, true);
        },
        decodeData: () => {},
        decodeTrailers: () => {},
      }),
      onGoAway: () => {},
    },
    { readDisable: () => {}, scheduleDispatch: () => {} },
    NO_HTTP1_CODEC_STATS,
  );
  return (times) => {
    for (let i = 0; i < times; i++) connection.dispatch(data);
  };
}

for (const [name, data] of [
  ["3 headers", CURL_REQUEST],
  ["12 headers", BROWSER_REQUEST],
] as const) {
  const headers = parsed(data);
  for (const way of [checked, unchecked, loop]) {
    printNanoseconds(`${name}, ${way.name}`, (times) => {
      for (let i = 0; i < times; i++) kept += target.write(`GET / HTTP/1.1\r\n${way(headers)}\r\n`, 0, "latin1");
    });
  }
  printNanoseconds(`${name}, decode and reply`, serve(data));
}
if (kept === 0) console.log("nothing was written");
