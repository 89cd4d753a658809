import { internHeaderName, RequestHeaderMap } from "../../src/http/header-map.ts";
import { TOKEN_LOWER } from "../../src/http/http1/characters.ts";
import { DEFAULT_HTTP1_SERVER_OPTIONS } from "../../src/http/http1/codec-options.ts";
import { NO_HTTP1_CODEC_STATS } from "../../src/http/http1/codec-stats.ts";
import { HeadParser } from "../../src/http/http1/head-parser.ts";
import { RequestHead } from "../../src/http/http1/request-head.ts";
import { BROWSER_REQUEST, CURL_REQUEST } from "./http1-requests.ts";
import { printNanoseconds } from "./nanoseconds.ts";

/**
 * Ways of splitting a request head, side by side:
 *
 * - *bytes*: what the codec does. One pass over the bytes, names found by hash, then one string and substrings of it.
 * - *bytes, split only*: the first half of it.
 * - *string*: find the empty line, make one string, split it with `charCodeAt`, find names in a Map.
 * - *string, indexOf*: as before with `indexOf`, and without any check of names and values: a lower bound for strings.
 */
const parser = new HeadParser();
const head = new RequestHead();
const limits = DEFAULT_HTTP1_SERVER_OPTIONS.headLimits;
let kept = 0;

function bytes(data: Buffer): void {
  parser.beginHead(true);
  parser.parse(data, 0, data.length, limits);
  head.read(parser, data, 0, DEFAULT_HTTP1_SERVER_OPTIONS, NO_HTTP1_CODEC_STATS);
  kept += head.headers.list.length;
}

function bytesSplitOnly(data: Buffer): void {
  parser.beginHead(true);
  parser.parse(data, 0, data.length, limits);
  kept += parser.fieldCount;
}

function string(data: Buffer): void {
  const end = data.indexOf("\r\n\r\n");
  const text = data.toString("latin1", 0, end + 2);
  const headers = new RequestHeaderMap();
  let at = text.indexOf("\r\n");
  headers.method = text.substring(0, text.indexOf(" "));
  headers.path = text.substring(headers.method.length + 1, at - 9);
  at += 2;
  while (at < text.length) {
    const nameStart = at;
    while (TOKEN_LOWER[text.charCodeAt(at)] !== 0) at++;
    const name = internHeaderName(text.substring(nameStart, at));
    at++;
    while (text.charCodeAt(at) === 0x20) at++;
    const valueStart = at;
    let code = text.charCodeAt(at);
    while (code >= 0x20 && code !== 0x7f) code = text.charCodeAt(++at);
    headers.list.push(name, text.substring(valueStart, at));
    at += 2;
  }
  kept += headers.list.length;
}

function stringIndexOf(data: Buffer): void {
  const end = data.indexOf("\r\n\r\n");
  const text = data.toString("latin1", 0, end + 2);
  const headers = new RequestHeaderMap();
  let at = text.indexOf("\r\n") + 2;
  headers.method = text.substring(0, text.indexOf(" "));
  headers.path = text.substring(headers.method.length + 1, at - 11);
  while (at < text.length) {
    const colon = text.indexOf(":", at);
    const lineEnd = text.indexOf("\r", colon);
    headers.list.push(internHeaderName(text.substring(at, colon)), text.substring(colon + 2, lineEnd));
    at = lineEnd + 2;
  }
  kept += headers.list.length;
}

for (const [name, data] of [
  ["3 headers", CURL_REQUEST],
  ["12 headers", BROWSER_REQUEST],
] as const) {
  for (const way of [bytes, bytesSplitOnly, string, stringIndexOf]) {
    printNanoseconds(`${name}, ${way.name}`, (times) => {
      for (let i = 0; i < times; i++) way(data);
    });
  }
}
if (kept === 0) console.log("nothing was parsed");
