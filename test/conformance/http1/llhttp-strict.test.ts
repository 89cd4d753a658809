import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serverOutcome } from "./server-outcome.ts";

/**
 * What llhttp's strict mode is tested for, case by case in our own words, where the other tables of this folder do not
 * say it already. Source of the list: the topics of llhttp's `test/request` and `test/response` pages.
 */
interface Case {
  readonly name: string;
  readonly bytes: string;
  /** Paths of the requests served, in order. */
  readonly served: readonly string[];
  /** Status the connection is refused with afterwards; 0 if it lives on or waits. */
  readonly status: number;
}

const HOST = "Host: a\r\n";
const END = `${HOST}\r\n`;
const CHUNKED = "Transfer-Encoding: chunked\r\n";

const samples: readonly Case[] = [
  {
    name: "a GET of a browser",
    bytes: `GET /favicon.ico HTTP/1.1\r\nHost: 0.0.0.0=5000\r\nUser-Agent: Mozilla/5.0 (X11; U; Linux i686)\r\nAccept: text/html,*/*;q=0.8\r\nKeep-Alive: 300\r\nConnection: keep-alive\r\n\r\n`,
    served: ["/favicon.ico"],
    status: 0,
  },
  {
    name: "a GET with a quote in the target",
    bytes: `GET /with_"lovely"_quotes?foo=\\"bar\\" HTTP/1.1\r\n${END}`,
    served: ['/with_"lovely"_quotes?foo=\\"bar\\"'],
    status: 0,
  },
  {
    name: "a question mark in the query",
    bytes: `GET /test.cgi?foo=bar?baz HTTP/1.1\r\n${END}`,
    served: ["/test.cgi?foo=bar?baz"],
    status: 0,
  },
  {
    name: "a fragment in the target, left to the connection manager",
    bytes: `GET /forums/1/topics/2375?page=1#posts-17408 HTTP/1.1\r\n${END}`,
    served: ["/forums/1/topics/2375?page=1#posts-17408"],
    status: 0,
  },
  {
    name: "a proxy request with a query and no path",
    bytes: `GET http://hypnotoad.org?hail=all HTTP/1.1\r\n${END}`,
    served: ["/?hail=all"],
    status: 0,
  },
  {
    name: "a proxy request with a port",
    bytes: `GET http://hypnotoad.org:1234 HTTP/1.1\r\n${END}`,
    served: ["/"],
    status: 0,
  },
  {
    name: "a host with an underscore in a proxy request",
    bytes: `GET http://hypnotoad_1.org/x HTTP/1.1\r\n${END}`,
    served: ["/x"],
    status: 0,
  },
  { name: "two @ in an authority", bytes: `GET http://a@b@c/ HTTP/1.1\r\n${END}`, served: [], status: 400 },
  {
    name: "a double slash and an empty host in a URL",
    bytes: `GET http:///x HTTP/1.1\r\n${END}`,
    served: [],
    status: 400,
  },
  { name: "spaces in a host of a URL", bytes: `GET http://ba r/ HTTP/1.1\r\n${END}`, served: [], status: 400 },
  {
    name: "M-SEARCH with a quoted value",
    bytes: `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nST: "ssdp:all"\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "PATCH, SEARCH, PURGE, LINK, UNLINK, SOURCE",
    bytes: ["PATCH", "SEARCH", "PURGE", "LINK", "UNLINK", "SOURCE"]
      .map((method) => `${method} /${method} HTTP/1.1\r\n${END}`)
      .join(""),
    served: ["/PATCH", "/SEARCH", "/PURGE", "/LINK", "/UNLINK", "/SOURCE"],
    status: 0,
  },
  { name: "a method cut short", bytes: `PU / HTTP/1.1\r\n${END}`, served: [], status: 400 },
  { name: "a method with a letter too many", bytes: `GETS / HTTP/1.1\r\n${END}`, served: [], status: 400 },
  { name: "a method with a space inside", bytes: `PR OPFIND / HTTP/1.1\r\n${END}`, served: [], status: 400 },
  { name: "ICE and RTSP", bytes: `SOURCE /music/sweet/music ICE/1.0\r\n${END}`, served: [], status: 400 },
  { name: "RTSP", bytes: `OPTIONS /a RTSP/1.1\r\n${END}`, served: [], status: 400 },
  { name: "versions that are none", bytes: `GET / HTTP/5.6\r\n${END}`, served: [], status: 400 },
  { name: "a version without its dot", bytes: `GET / HTTP/11\r\n${END}`, served: [], status: 400 },
  { name: "a version with a letter", bytes: `GET / HTTP/1.a\r\n${END}`, served: [], status: 400 },
  { name: "a version with nothing in front of it", bytes: `GET / /1.1\r\n${END}`, served: [], status: 400 },
  { name: "garbage for a request", bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", served: [], status: 400 },
];

const framing: readonly Case[] = [
  {
    name: "a POST and its body",
    bytes: `POST /p?x HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nWorld`,
    served: ["/p?x"],
    status: 0,
  },
  {
    name: "a body that never comes",
    bytes: `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\n`,
    served: [],
    status: 0,
  },
  {
    name: "a length behind which the next request stands",
    bytes: `POST /1 HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nq=42GET /2 HTTP/1.1\r\n${END}`,
    served: ["/1", "/2"],
    status: 0,
  },
  {
    name: "an empty line between requests",
    bytes: `POST /1 HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nq=42\r\n\r\nGET /2 HTTP/1.1\r\n${END}`,
    served: ["/1", "/2"],
    status: 0,
  },
  {
    name: "more of a body than its length",
    bytes: `POST /1 HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nq=42xx`,
    served: ["/1"],
    status: 0,
  },
  {
    name: "more of a body than its length, then an end of line",
    bytes: `POST /1 HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nq=42xx\r\n`,
    served: ["/1"],
    status: 400,
  },
  {
    name: "letters in a length",
    bytes: `POST / HTTP/1.1\r\n${HOST}Content-Length: 4 2\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "a header behind a length without its end",
    bytes: `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nX: y\r\n\r\nhello`,
    served: ["/"],
    status: 0,
  },
  {
    name: "a large chunk",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n1e\r\nall your base are belong to us\r\n0\r\n\r\n`,
    served: ["/"],
    status: 0,
  },
  {
    name: "chunks with trailers",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5\r\nhello\r\n0\r\nVary: *\r\nContent-Type: text/plain\r\n\r\n`,
    served: ["/"],
    status: 0,
  },
  {
    name: "a quoted extension with escapes",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5;ilovew3="I \\"love\\"; \\\\w3"\r\nhello\r\n0\r\n\r\n`,
    served: ["/"],
    status: 0,
  },
  {
    name: "a quoted extension that does not end",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5;a="b\r\nhello\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "text behind a quoted extension",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5;a="b"c\r\nhello\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "an extension without a name",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5;=b\r\nhello\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "an extension value that is missing",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5;a=\r\nhello\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "white space before an extension",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5 ; a\r\nhello\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "letters that are no digits behind a size",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5 invalid\r\nhello\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "an empty line as first chunk",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "a size that would wrap round to 0",
    bytes: `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n10000000000000000\r\n\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "a folded transfer-encoding",
    bytes: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n  chunked\r\n\r\n0\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "identity for an upgrade",
    bytes: `PUT /url HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`,
    served: [],
    status: 400,
  },
];

const headerLines: readonly Case[] = [
  {
    name: "a value that looks folded, but is not",
    bytes: `GET / HTTP/1.1\r\n${HOST}Line1: abc \r\nLine2:  def\r\n\r\n`,
    served: ["/"],
    status: 0,
  },
  {
    name: "a header folded over several lines",
    bytes: `GET / HTTP/1.1\r\n${HOST}Line1:   abc\r\n\tdef\r\n ghi\r\n\r\n`,
    served: [],
    status: 400,
  },
  {
    name: "a folded Connection",
    bytes: `GET / HTTP/1.1\r\n${HOST}Connection: \r\n close\r\n\r\n`,
    served: [],
    status: 400,
  },
  { name: "a space before the colon", bytes: `GET / HTTP/1.1\r\n${HOST}Foo : bar\r\n\r\n`, served: [], status: 400 },
  { name: "a name of digits", bytes: `GET / HTTP/1.1\r\n${HOST}1: 2\r\n\r\n`, served: ["/"], status: 0 },
  {
    name: "a value that is all white space",
    bytes: `GET / HTTP/1.1\r\n${HOST}X:    \r\n\r\n`,
    served: ["/"],
    status: 0,
  },
  { name: "a long value", bytes: `GET / HTTP/1.1\r\n${HOST}X: ${"y".repeat(4000)}\r\n\r\n`, served: ["/"], status: 0 },
  { name: "a continuation of nothing", bytes: `GET / HTTP/1.1\r\n ${HOST}\r\n`, served: [], status: 400 },
  { name: "no empty line at the end", bytes: `GET / HTTP/1.1\r\n${HOST}`, served: [], status: 0 },
  { name: "LF alone at the end of everything", bytes: "GET / HTTP/1.1\nHost: a\n\n", served: [], status: 400 },
  { name: "CR alone at the end of everything", bytes: "GET / HTTP/1.1\rHost: a\r\r", served: [], status: 400 },
  {
    name: "Connection with many tokens",
    bytes: `GET /1 HTTP/1.1\r\n${HOST}Connection: a, , keep-alive ,b\r\n\r\nGET /2 HTTP/1.1\r\n${END}`,
    served: ["/1", "/2"],
    status: 0,
  },
  {
    name: "requests behind Connection: close",
    bytes: `GET /1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\nGET /2 HTTP/1.1\r\n${END}`,
    served: ["/1"],
    status: 0,
  },
  {
    name: "garbage behind Connection: close",
    bytes: `GET /1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n\0\0\0`,
    served: ["/1"],
    status: 0,
  },
];

describe("What llhttp's strict mode is tested for", () => {
  for (const row of [...samples, ...framing, ...headerLines]) {
    it(row.name, () => {
      const outcome = serverOutcome(row.bytes);
      const served = outcome.requests.filter((request) => request.ended);
      assert.deepEqual(
        served.map((request) => request.path),
        row.served,
      );
      assert.equal(outcome.status, row.status);
    });
  }
});
