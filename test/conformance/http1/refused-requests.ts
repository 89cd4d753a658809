/** A request that would be taken for the next one if the framing before it were misread. */
export const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/** A request that must be refused. */
export interface RefusedRequest {
  readonly name: string;
  readonly bytes: string;
  /** 400 unless said. */
  readonly status?: number;
  readonly details?: string;
  readonly acceptHttp10?: boolean;
  /** Whether the error is in the body, so that the head has been handed on. */
  readonly inBody?: boolean;
}

function post(headers: string, body = ""): string {
  return `POST /first HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}${SMUGGLED}`;
}

function chunked(body: string): string {
  return post("Transfer-Encoding: chunked\r\n", body);
}

const TE = "http1.invalid_transfer_encoding";

const refusedFraming: readonly RefusedRequest[] = [
  {
    name: "row 1: content-length and transfer-encoding",
    bytes: post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    details: "http1.content_length_and_chunked_not_allowed",
  },
  {
    name: "row 1: transfer-encoding and content-length 0",
    bytes: post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n"),
    details: "http1.content_length_and_chunked_not_allowed",
  },
  {
    name: "row 2: chunked with a content-length short of the body",
    bytes: post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", `5c\r\n${SMUGGLED}`),
  },
  { name: "row 3: xchunked", bytes: post("Transfer-Encoding: xchunked\r\n"), details: TE },
  { name: "row 3: chunked, identity", bytes: post("Transfer-Encoding: chunked, identity\r\n"), details: TE },
  { name: "row 3: identity, chunked", bytes: post("Transfer-Encoding: identity, chunked\r\n"), details: TE },
  { name: "row 3: chunked twice in one field", bytes: post("Transfer-Encoding: chunked, chunked\r\n"), details: TE },
  {
    name: "row 3: two fields",
    bytes: post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    details: TE,
  },
  {
    name: "row 3: a second, unknown field",
    bytes: post("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n"),
    details: TE,
  },
  { name: "row 3: vertical tab before chunked", bytes: post("Transfer-Encoding: \x0bchunked\r\n") },
  { name: "row 3: form feed behind chunked", bytes: post("Transfer-Encoding: chunked\x0c\r\n") },
  { name: "row 3: tab before chunked", bytes: post("Transfer-Encoding:\tchunked\r\n") },
  { name: "row 3: tab behind chunked", bytes: post("Transfer-Encoding: chunked \t\r\n") },
  { name: "row 8: tab beside content-length", bytes: post("Content-Length: 0\t\r\n") },
  { name: "row 3: trailing comma", bytes: post("Transfer-Encoding: chunked,\r\n"), details: TE },
  { name: "row 3: leading comma", bytes: post("Transfer-Encoding: ,chunked\r\n"), details: TE },
  { name: "row 3: quoted", bytes: post('Transfer-Encoding: "chunked"\r\n'), details: TE },
  { name: "row 3: with a parameter", bytes: post("Transfer-Encoding: chunked;q=1\r\n"), details: TE },
  { name: "row 3: empty", bytes: post("Transfer-Encoding:\r\n"), details: TE },
  { name: "row 3: identity alone", bytes: post("Transfer-Encoding: identity\r\n"), details: TE },
  { name: "row 3: space before the colon", bytes: post("Transfer-Encoding : chunked\r\n") },
  { name: "row 3: name starts with a space", bytes: post(" Transfer-Encoding: chunked\r\n") },
  { name: "row 3: latin1 letter inside", bytes: post("Transfer-Encoding: chunk\xe9d\r\n"), details: TE },
  { name: "row 4: gzip, chunked", bytes: post("Transfer-Encoding: gzip, chunked\r\n"), status: 501, details: TE },
  { name: "row 4: gzip without chunked", bytes: post("Transfer-Encoding: gzip\r\n"), details: TE },
  {
    name: "row 5: transfer-encoding on HTTP/1.0",
    bytes: `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    acceptHttp10: true,
    details: "http1.transfer_encoding_not_allowed",
  },
  {
    name: "row 5: transfer-encoding on HTTP/1.0 that is not served at all",
    bytes: `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    details: "http1.transfer_encoding_not_allowed",
  },
  { name: "row 8: content-length twice, equal", bytes: post("Content-Length: 0\r\nContent-Length: 0\r\n") },
  { name: "row 8: content-length twice, different", bytes: post("Content-Length: 0\r\nContent-Length: 36\r\n") },
  ...[
    "1, 1",
    "+1",
    "01",
    "0x1",
    "-0",
    "1 1",
    "18446744073709551616",
    "18446744073709551617",
    "",
    "1_0",
    "1.0",
    "1;",
    "١",
  ]
    .map((value) => Buffer.from(value).toString("latin1"))
    .map((value) => ({ name: `row 8: content-length "${value}"`, bytes: post(`Content-Length: ${value}\r\n`) })),
  { name: "row 8: space before the colon", bytes: post("Content-Length : 0\r\n") },
  { name: "row 9: folded transfer-encoding", bytes: post("Transfer-Encoding:\r\n chunked\r\n") },
  { name: "row 9: folded host", bytes: "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n" },
  { name: "row 9: any folded header", bytes: post("X: a\r\n\tb\r\n") },
  { name: "row 9: first line folded", bytes: "GET / HTTP/1.1\r\n Host: a\r\n\r\n" },
];

const refusedBytes: readonly RefusedRequest[] = [
  { name: "row 10: bare LF behind the request line", bytes: "GET / HTTP/1.1\nHost: a\r\n\r\n" },
  { name: "row 10: bare LF behind a header", bytes: "GET / HTTP/1.1\r\nHost: a\n\r\n" },
  { name: "row 10: bare LF as the empty line", bytes: "GET / HTTP/1.1\r\nHost: a\r\n\n" },
  { name: "row 10: bare LF before the request line", bytes: `\n${SMUGGLED}` },
  { name: "row 10: bare CR before the request line", bytes: `\r${SMUGGLED}` },
  { name: "row 10: bare CR in a value", bytes: post("X: a\rb\r\n") },
  { name: "row 10: bare CR in a name", bytes: post("X\rY: a\r\n") },
  { name: "row 10: bare CR in the request line", bytes: "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "row 10: CR CR LF", bytes: "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n" },
  { name: "row 10: bare CR as the empty line", bytes: "GET / HTTP/1.1\r\nHost: a\r\n\rX" },
  { name: "row 10: NUL in a value", bytes: post("X: a\0b\r\n"), details: "http1.invalid_characters" },
  { name: "row 10: NUL in a name", bytes: post("X\0: a\r\n") },
  { name: "row 10: NUL in the request line", bytes: "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "row 10: DEL in a value", bytes: post("X: a\x7f\r\n") },
  { name: "row 10: control character in a value", bytes: post("X: \x01\r\n") },
  { name: "row 10: tab in the request line", bytes: "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n" },
  ...[...'"(),/;<=>?@[\\]{} \t\x80\xff'].map((char) => ({
    name: `row 10: ${JSON.stringify(char)} in a name`,
    bytes: post(`X${char}Y: a\r\n`),
  })),
  { name: "row 10: header without a name", bytes: post(": a\r\n") },
  { name: "row 10: header without a colon", bytes: post("X\r\n") },
];

const refusedChunks: readonly RefusedRequest[] = [
  ...[
    "0x1",
    "+1",
    "-1",
    "1_0",
    " 1",
    "1 ",
    "\t1",
    "1\t",
    "g",
    "",
    "1 ;a",
    "fffffffffffffffff",
    "10000000000000000",
    "00000000000000001",
  ].map((size) => ({
    name: `row 11: chunk size ${JSON.stringify(size)}`,
    bytes: chunked(`${size}\r\na\r\n0\r\n\r\n`),
    inBody: true,
  })),
  { name: "row 12: bare LF in an extension", bytes: chunked("1;a\nb\r\na\r\n0\r\n\r\n"), inBody: true },
  { name: "row 12: bare CR in an extension", bytes: chunked("1;a\rb\r\na\r\n0\r\n\r\n"), inBody: true },
  { name: "row 12: bare LF in a quoted extension", bytes: chunked('1;a="b\nc"\r\na\r\n0\r\n\r\n'), inBody: true },
  { name: "row 12: CRLF in a quoted extension", bytes: chunked('1;a="b\r\nc"\r\na\r\n0\r\n\r\n'), inBody: true },
  { name: "row 12: NUL in an extension", bytes: chunked("1;a=\0\r\na\r\n0\r\n\r\n"), inBody: true },
  { name: "row 12: extension without a name", bytes: chunked("1;\r\na\r\n0\r\n\r\n"), inBody: true },
  { name: "row 12: extension of 20 KB", bytes: chunked(`1;${"a".repeat(20_000)}\r\na\r\n0\r\n\r\n`), inBody: true },
  {
    name: "row 12: 20 KB of extensions in one body",
    bytes: chunked(`${`1;${"a".repeat(200)}\r\nx\r\n`.repeat(100)}0\r\n\r\n`),
    inBody: true,
  },
  { name: "row 13: data longer than the size", bytes: chunked("1\r\nab\r\n0\r\n\r\n"), inBody: true },
  { name: "row 13: data shorter than the size", bytes: chunked("3\r\na\r\n0\r\n\r\n"), inBody: true },
  { name: "row 13: LF behind the size", bytes: chunked("1\na\r\n0\r\n\r\n"), inBody: true },
  { name: "row 13: LF behind the data", bytes: chunked("1\r\na\n0\r\n\r\n"), inBody: true },
  { name: "row 13: LF behind the last chunk", bytes: chunked("1\r\na\r\n0\n\r\n"), inBody: true },
  { name: "row 13: LF as the empty line", bytes: chunked("1\r\na\r\n0\r\n\n"), inBody: true },
  { name: "row 13: bare CR at the end", bytes: chunked("1\r\na\r\n0\r\n\rX"), inBody: true },
  { name: "row 13: missing last CRLF", bytes: chunked("1\r\na\r\n0\r\n"), inBody: true },
  { name: "row 14: folded trailer", bytes: chunked("0\r\nX: a\r\n b\r\n\r\n"), inBody: true },
  { name: "row 14: trailer with a bare LF", bytes: chunked("0\r\nX: a\nY: b\r\n\r\n"), inBody: true },
  { name: "row 14: 101 trailers", bytes: chunked(`0\r\n${"X: a\r\n".repeat(101)}\r\n`), inBody: true, status: 431 },
  {
    name: "row 14: trailers of 61 KiB",
    bytes: chunked(`0\r\nX: ${"a".repeat(61 * 1024)}\r\n\r\n`),
    inBody: true,
    status: 431,
  },
];

const refusedLines: readonly RefusedRequest[] = [
  {
    name: "row 7: obfuscated Expect",
    bytes: post("Expect: y 100-continue\r\nContent-Length: 1\r\n", "a"),
    status: 417,
  },
  {
    name: "row 7: two Expect",
    bytes: post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", "a"),
    status: 417,
  },
  { name: "row 7: empty Expect", bytes: post("Expect:\r\n"), status: 417 },
  { name: "row 7: Expect list", bytes: post("Expect: 100-continue, x\r\n"), status: 417 },
  { name: "row 18: HTTP/0.9", bytes: "GET /a\r\n\r\n" },
  { name: "row 18: HTTP/0.9 without an empty line", bytes: "GET /a\r\n" },
  { name: "row 18: HTTP/0.9 with version", bytes: "GET / HTTP/0.9\r\nHost: a\r\n\r\n" },
  { name: "row 18: HTTP/1.2", bytes: "GET / HTTP/1.2\r\nHost: a\r\n\r\n" },
  { name: "row 18: HTTP/2.0", bytes: "GET / HTTP/2.0\r\nHost: a\r\n\r\n" },
  { name: "row 18: HTTP/1.10", bytes: "GET / HTTP/1.10\r\nHost: a\r\n\r\n" },
  { name: "row 18: HTTP/01.1", bytes: "GET / HTTP/01.1\r\nHost: a\r\n\r\n" },
  { name: "row 18: http/1.1", bytes: "GET / http/1.1\r\nHost: a\r\n\r\n" },
  { name: "row 18: no version", bytes: "GET / \r\nHost: a\r\n\r\n" },
  { name: "row 18: two spaces", bytes: "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "row 18: space at the end of the line", bytes: "GET / HTTP/1.1 \r\nHost: a\r\n\r\n" },
  { name: "row 18: space in the target", bytes: "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "row 18: space at the start of the line", bytes: " GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
  {
    name: "row 18: bytes above 0x7f in the target",
    bytes: "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n",
    details: "http1.invalid_url",
  },
  { name: "row 18: lower-case method", bytes: "get / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "row 18: unknown method", bytes: "FROB / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "row 18: missing Host", bytes: "GET / HTTP/1.1\r\n\r\n", details: "missing_host_header" },
  {
    name: "row 18: two Hosts",
    bytes: "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    details: "http.invalid_authority",
  },
  { name: "row 18: two Hosts and a URL", bytes: "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
  ...[
    "",
    "a/b",
    "u@a",
    "a,b",
    "a b",
    "a:99999",
    "a:",
    "a:b",
    "a:80:80",
    ":80",
    "a?b",
    "a#b",
    "a\\b",
    "[::1",
    "::1",
    "[::1]x",
    "[a]",
    "[fe80::1%25eth0]",
    "a<b",
    "http://a",
  ].map((host) => ({
    name: `row 18: Host "${host}"`,
    bytes: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    details: "http.invalid_authority",
  })),
  ...[
    "a",
    "http:/a",
    "http://",
    "http:///x",
    "http://u@a/",
    "http://a:99999/",
    "ftp://a/",
    "//",
    "*",
    "?x",
    "http://a b/",
  ]
    .filter((target) => target !== "//")
    .map((target) => ({
      name: `row 19: target "${target}"`,
      bytes: `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`,
    })),
  ...["/", "a", "a:", "http://a:80", "u@a:80", "a:80/x", "a:99999", "*"].map((target) => ({
    name: `row 19: CONNECT "${target}"`,
    bytes: `CONNECT ${target} HTTP/1.1\r\nHost: a\r\n\r\n`,
    details: "http1.invalid_url",
  })),
  {
    name: "row 16: CONNECT with a length",
    bytes: "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    details: "http1.body_disallowed",
  },
  {
    name: "row 16: CONNECT with chunks",
    bytes: "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    details: "http1.body_disallowed",
  },
  {
    name: "row 16: upgrade with chunks",
    bytes: post("Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
  },
  { name: "row 40: HTTP/2 preface", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
  {
    name: "row 18: HTTP/1.0 where it is not served",
    bytes: "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    status: 426,
    details: "low_version",
  },
];

const refusedSizes: readonly RefusedRequest[] = [
  {
    name: "row 26: 101 headers",
    bytes: `GET / HTTP/1.1\r\nHost: a\r\n${"X: a\r\n".repeat(100)}\r\n`,
    status: 431,
    details: "http1.too_many_headers",
  },
  {
    name: "row 26: 10,000 cookies",
    bytes: `GET / HTTP/1.1\r\nHost: a\r\n${"Cookie: a=b\r\n".repeat(10_000)}\r\n`,
    status: 431,
    details: "http1.too_many_headers",
  },
  {
    name: "row 26: 61 KiB in many headers",
    bytes: `GET / HTTP/1.1\r\nHost: a\r\n${`X: ${"a".repeat(1020)}\r\n`.repeat(61)}\r\n`,
    status: 431,
    details: "http1.headers_too_large",
  },
  {
    name: "row 26: one value of 60 KiB",
    bytes: `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(60 * 1024)}\r\n\r\n`,
    status: 431,
    details: "http1.headers_too_large",
  },
  {
    name: "row 26: one name of 60 KiB",
    bytes: `GET / HTTP/1.1\r\nHost: a\r\n${"x".repeat(60 * 1024)}: a\r\n\r\n`,
    status: 431,
    details: "http1.headers_too_large",
  },
  {
    name: "row 26: a target of 60 KiB",
    bytes: `GET /${"a".repeat(60 * 1024)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    status: 431,
    details: "http1.headers_too_large",
  },
  {
    name: "row 26: 61 KiB of space before a value",
    bytes: `GET / HTTP/1.1\r\nHost: a\r\nX:${" ".repeat(61 * 1024)}a\r\n\r\n`,
    status: 431,
    details: "http1.headers_too_large",
  },
  {
    name: "row 26: empty lines without end",
    bytes: "\r\n".repeat(31 * 1024),
    status: 431,
    details: "http1.headers_too_large",
  },
];

/** Requests whose framing, bytes, lines or size could be understood in two ways; names begin with the row of the security tests. */
export const REFUSED_REQUESTS: readonly RefusedRequest[] = [
  ...refusedFraming,
  ...refusedBytes,
  ...refusedChunks,
  ...refusedLines,
  ...refusedSizes,
];
