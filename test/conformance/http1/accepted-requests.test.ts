import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Http1ServerOptions } from "../../../src/http/http1/codec-options.ts";
import { type ServerOutcome, serverOutcome } from "./server-outcome.ts";

type Request = ServerOutcome["requests"][number];

interface Accepted {
  readonly name: string;
  readonly bytes: string;
  readonly options?: Partial<Http1ServerOptions>;
  /** What each request must look like, as far as said. */
  readonly requests: readonly Partial<Request>[];
  /** Whether the connection ends with the last response. */
  readonly closes?: boolean;
}

const HOST = "Host: a\r\n";
const NEXT = `GET /next HTTP/1.1\r\n${HOST}\r\n`;
const next = { method: "GET", path: "/next", body: "", ended: true };

const targets: readonly Accepted[] = [
  { name: "a path with a query", bytes: `GET /a/b?c=d&e HTTP/1.1\r\n${HOST}\r\n`, requests: [{ path: "/a/b?c=d&e" }] },
  {
    name: "a path with two slashes",
    bytes: `GET //x HTTP/1.1\r\n${HOST}\r\n`,
    requests: [{ path: "//x", authority: "a" }],
  },
  {
    name: "odd but visible characters in a path",
    bytes: `GET /"<>\\^\`{|} HTTP/1.1\r\n${HOST}\r\n`,
    requests: [{ path: '/"<>\\^`{|}' }],
  },
  {
    name: "OPTIONS *",
    bytes: `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
    requests: [{ method: "OPTIONS", path: "*", authority: "a" }],
  },
  {
    name: "row 19: a URL, which wins over Host",
    bytes: `GET http://B.example:8080/p?q HTTP/1.1\r\n${HOST}\r\n`,
    requests: [{ path: "/p?q", authority: "B.example:8080" }],
  },
  {
    name: "row 19: a URL without a path",
    bytes: `GET HTTP://b HTTP/1.1\r\n${HOST}\r\n`,
    requests: [{ path: "/", authority: "b" }],
  },
  {
    name: "row 19: a URL with only a query",
    bytes: `GET https://b?q=/ HTTP/1.1\r\n${HOST}\r\n`,
    requests: [{ path: "/?q=/", authority: "b" }],
  },
  {
    name: "row 19: a URL for OPTIONS without a path",
    bytes: `OPTIONS http://b HTTP/1.1\r\n${HOST}\r\n`,
    requests: [{ path: "*", authority: "b" }],
  },
  {
    name: "row 19: a URL left alone if that is configured",
    bytes: `GET http://b/p HTTP/1.1\r\n${HOST}\r\n`,
    options: { allowAbsoluteUrl: false },
    requests: [{ path: "http://b/p", authority: "a" }],
  },
  {
    name: "an IPv6 host with a port",
    bytes: "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
    requests: [{ authority: "[2001:db8::1]:8080" }],
  },
  {
    name: "a host with an underscore and a trailing dot",
    bytes: "GET / HTTP/1.1\r\nHost: my_host.\r\n\r\n",
    requests: [{ authority: "my_host." }],
  },
];

const lines: readonly Accepted[] = [
  {
    name: "white space around a value",
    bytes: `GET / HTTP/1.1\r\n${HOST}X: \t a\tb c \t \r\n\r\n`,
    requests: [{ list: ["x", "a\tb c"] }],
  },
  {
    name: "no white space before a value",
    bytes: "GET / HTTP/1.1\r\nHost:a\r\nX:b\r\n\r\n",
    requests: [{ authority: "a", list: ["x", "b"] }],
  },
  {
    name: "empty values",
    bytes: `GET / HTTP/1.1\r\n${HOST}X:\r\nY: \t\r\n\r\n`,
    requests: [{ list: ["x", "", "y", ""] }],
  },
  {
    name: "bytes above 0x7f in a value",
    bytes: `GET / HTTP/1.1\r\n${HOST}X: \x80\xff\r\n\r\n`,
    requests: [{ list: ["x", "\x80\xff"] }],
  },
  {
    name: "all characters a name may have",
    bytes: `GET / HTTP/1.1\r\n${HOST}aZ09!#$%&'*+-.^_\`|~: b\r\n\r\n`,
    requests: [{ list: ["az09!#$%&'*+-.^_`|~", "b"] }],
  },
  {
    name: "names in any case, in order, repeated",
    bytes: `GET / HTTP/1.1\r\n${HOST}ACCEPT: a\r\nX-Y: 1\r\naCCept: b\r\n\r\n`,
    requests: [{ list: ["accept", "a", "x-y", "1", "accept", "b"] }],
  },
  { name: "empty lines before a request", bytes: `\r\n\r\n${NEXT}`, requests: [next] },
  {
    name: "row 25: names that objects have",
    bytes: `GET /__proto__?constructor HTTP/1.1\r\n${HOST}__proto__: a\r\nconstructor: b\r\ntoString: c\r\n\r\n`,
    requests: [{ path: "/__proto__?constructor", list: ["__proto__", "a", "constructor", "b", "tostring", "c"] }],
  },
  {
    name: "row 23: names with underscores",
    bytes: `POST / HTTP/1.1\r\n${HOST}Content_Length: 5\r\n\r\n${NEXT}`,
    requests: [{ body: "", list: ["content_length", "5"] }, next],
  },
  {
    name: "row 23: names with underscores, dropped",
    bytes: `POST / HTTP/1.1\r\n${HOST}Content_Length: 5\r\nX: y\r\n\r\n`,
    options: { headersWithUnderscoresAction: "dropHeader" },
    requests: [{ list: ["x", "y"] }],
  },
  { name: "100 headers", bytes: `GET / HTTP/1.1\r\n${HOST}${"X: a\r\n".repeat(99)}\r\n`, requests: [{ path: "/" }] },
  {
    name: "a head of 59 KiB",
    bytes: `GET / HTTP/1.1\r\n${HOST}X: ${"a".repeat(59 * 1024)}\r\n\r\n`,
    requests: [{ path: "/" }],
  },
  {
    name: "methods of the registry",
    bytes: ["M-SEARCH", "PROPFIND", "PURGE", "QUERY"].map((m) => `${m} / HTTP/1.1\r\n${HOST}\r\n`).join(""),
    requests: [{ method: "M-SEARCH" }, { method: "PROPFIND" }, { method: "PURGE" }, { method: "QUERY" }],
  },
  {
    name: "other methods if that is configured",
    bytes: `Frob! / HTTP/1.1\r\n${HOST}\r\n`,
    options: { allowCustomMethods: true },
    requests: [{ method: "Frob!" }],
  },
];

const bodies: readonly Accepted[] = [
  {
    name: "row 6: a body on GET, and the next request",
    bytes: `GET / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nGET /${NEXT}`,
    requests: [{ method: "GET", body: "GET /" }, next],
  },
  {
    name: "row 6: a body on HEAD",
    bytes: `HEAD / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nab${NEXT}`,
    requests: [{ body: "ab" }, next],
  },
  {
    name: "row 6: a chunked body on OPTIONS",
    bytes: `OPTIONS / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n${NEXT}`,
    requests: [{ body: "ab" }, next],
  },
  {
    name: "content-length 0",
    bytes: `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n${NEXT}`,
    requests: [{ body: "", ended: true }, next],
  },
  {
    name: "POST without framing",
    bytes: `POST / HTTP/1.1\r\n${HOST}\r\n${NEXT}`,
    requests: [{ body: "", ended: true }, next],
  },
  {
    name: "row 3: chunked in any case and with space around it",
    bytes: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:   CHUNKED  \r\n\r\n1\r\na\r\n0\r\n\r\n${NEXT}`,
    requests: [{ body: "a", list: [] }, next],
  },
  {
    name: "row 11: chunk sizes in both cases, with zeros before them",
    bytes: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n00a\r\n0123456789\r\nB\r\n0123456789a\r\n000\r\n\r\n${NEXT}`,
    requests: [{ body: "01234567890123456789a" }, next],
  },
  {
    name: "row 12: legal extensions",
    bytes: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n1;a=b;c="d;\\"e\\\\ \t";f\r\ny\r\n0;z=1\r\n\r\n${NEXT}`,
    requests: [{ body: "xy" }, next],
  },
  {
    name: "row 14: trailers, dropped",
    bytes: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: x\r\nHost: evil\r\nAuthorization: b\r\nContent-Type: c\r\n\r\n${NEXT}`,
    requests: [{ authority: "a", list: [], trailers: null, ended: true }, next],
  },
  {
    name: "row 14: trailers, handed on",
    bytes: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nContent-Length: 50\r\nHost: evil\r\nX-Sum: 1\r\nX-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\nX-Envoy-Internal: true\r\nX-Real-IP: 1.1.1.1\r\nX-Sum: 2\r\n\r\n${NEXT}`,
    options: { enableTrailers: true },
    requests: [{ body: "a", list: [], trailers: ["x-sum", "1", "x-sum", "2"], ended: true }, next],
  },
  {
    name: "a body that looks like a request",
    bytes: `POST / HTTP/1.1\r\n${HOST}Content-Length: ${NEXT.length}\r\n\r\n${NEXT}${NEXT}`,
    requests: [{ body: NEXT }, next],
  },
  {
    name: "a large chunked body in small chunks",
    bytes: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${"3\r\nabc\r\n".repeat(500)}0\r\n\r\n${NEXT}`,
    requests: [{ body: "abc".repeat(500) }, next],
  },
];

const connections: readonly Accepted[] = [
  {
    name: "Connection: close ends the connection",
    bytes: `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n${NEXT}`,
    requests: [{ path: "/", list: ["connection", "close"] }],
    closes: true,
  },
  {
    name: "close in a list of tokens",
    bytes: `GET / HTTP/1.1\r\n${HOST}Connection: keep-alive, X , CLOSE\r\n\r\n${NEXT}`,
    requests: [{ path: "/" }],
    closes: true,
  },
  {
    name: "close in a second field",
    bytes: `GET / HTTP/1.1\r\n${HOST}Connection: keep-alive\r\nConnection: close\r\n\r\n${NEXT}`,
    requests: [{ path: "/" }],
    closes: true,
  },
  {
    name: "a token that only looks like close",
    bytes: `GET / HTTP/1.1\r\n${HOST}Connection: close-not\r\n\r\n${NEXT}`,
    requests: [{ path: "/" }, next],
  },
  {
    name: "HTTP/1.0 ends the connection",
    bytes: `GET / HTTP/1.0\r\n${HOST}\r\n${NEXT}`,
    options: { acceptHttp10: true },
    requests: [{ version: "HTTP/1.0" }],
    closes: true,
  },
  {
    name: "HTTP/1.0 with keep-alive",
    bytes: `GET / HTTP/1.0\r\n${HOST}Connection: Keep-Alive\r\n\r\n${NEXT}`,
    options: { acceptHttp10: true },
    requests: [{ version: "HTTP/1.0" }, { ...next, version: "HTTP/1.1" }],
  },
  {
    name: "HTTP/1.0 without a host",
    bytes: "GET / HTTP/1.0\r\n\r\n",
    options: { acceptHttp10: true },
    requests: [{ authority: "" }],
    closes: true,
  },
  {
    name: "HTTP/1.0 with an expectation, which is ignored",
    bytes: `POST / HTTP/1.0\r\n${HOST}Expect: 100-continue\r\nContent-Length: 1\r\n\r\na`,
    options: { acceptHttp10: true },
    requests: [{ body: "a", list: ["content-length", "1"] }],
    closes: true,
  },
  {
    name: "row 40: an h2c upgrade is served as HTTP/1.1",
    bytes: `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n${NEXT}`,
    requests: [{ list: ["connection", "Upgrade, HTTP2-Settings"], ended: true }, next],
  },
  {
    name: "upgrade without Connection: upgrade",
    bytes: `GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\n\r\n${NEXT}`,
    requests: [{ ended: true }, next],
  },
];

describe("Requests that have one meaning", () => {
  for (const row of [...targets, ...lines, ...bodies, ...connections]) {
    it(`are served: ${row.name}`, () => {
      const outcome = serverOutcome(row.bytes, row.options);
      assert.equal(outcome.status, 0, outcome.details);
      assert.equal(outcome.requests.length, row.requests.length);
      for (const [i, expected] of row.requests.entries()) {
        const request = outcome.requests[i]!;
        assert.equal(request.ended, true);
        for (const key of Object.keys(expected) as (keyof Request)[])
          assert.deepEqual(request[key], expected[key], key);
      }
      assert.equal(outcome.closes, row.closes ?? false);
    });
  }

  it("are refused with underscores in names if that is configured", () => {
    const outcome = serverOutcome(`GET / HTTP/1.1\r\n${HOST}X_Y: 1\r\n\r\n`, {
      headersWithUnderscoresAction: "rejectRequest",
    });
    assert.equal(outcome.status, 400);
    assert.equal(outcome.details, "http1.unexpected_underscore");
    assert.equal(outcome.requests.length, 0);
  });
});
