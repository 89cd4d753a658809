import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Http1ClientPeer } from "../../harness/http1-client-peer.ts";
import { splitEveryWay } from "./split-every-way.ts";

/** All that a user of the codec could see of the answer to one request. */
interface Outcome {
  readonly status: number;
  readonly interim: readonly number[];
  readonly list: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[] | null;
  readonly ended: boolean;
  readonly reset: string | null;
  readonly resetDetails: string;
  readonly refused: boolean;
  /** What the pool was told; null if the stream is not complete. */
  readonly reusable: boolean | null;
}

interface Row {
  readonly name: string;
  readonly bytes: string;
  /** GET unless said. */
  readonly method?: string;
  readonly request?: string[];
  /** Whether the upstream closes behind the bytes. */
  readonly closes?: boolean;
  readonly enableTrailers?: boolean;
  readonly expected: Partial<Outcome>;
}

function feed(row: Row, pieces: readonly Buffer[]): Outcome {
  const peer = new Http1ClientPeer({ enableTrailers: row.enableTrailers ?? false });
  const seen = peer.send(row.method ?? "GET", row.request?.slice());
  for (const piece of pieces) peer.feed(piece);
  if (row.closes) peer.connection.onRemoteClose();
  assert.ok(seen.ends <= 1, "the response ended twice");
  assert.ok(peer.completions.length <= 1, "the stream was completed twice");
  return {
    status: seen.headers?.status ?? 0,
    interim: seen.interim.map((headers) => headers.status),
    list: seen.headers?.list ?? [],
    body: seen.body,
    trailers: seen.trailers?.list ?? null,
    ended: seen.ends === 1,
    reset: seen.reset,
    resetDetails: seen.resetDetails,
    refused: peer.error !== null,
    reusable: peer.completions[0] ?? null,
  };
}

const OK = "HTTP/1.1 200 OK\r\n";
const good = { ended: true, reset: null, refused: false, reusable: true };
const endsConnection = { ended: true, reset: null, refused: false, reusable: false };
const refused = { ended: false, reset: "protocol error", refused: true, reusable: false };
const TE_NOT_ALLOWED = "http1.transfer_encoding_not_allowed";

const served: readonly Row[] = [
  {
    name: "a length",
    bytes: `${OK}Content-Length: 3\r\n\r\nabc`,
    expected: { ...good, status: 200, body: "abc", list: ["content-length", "3"] },
  },
  { name: "length 0", bytes: `${OK}Content-Length: 0\r\n\r\n`, expected: { ...good, body: "" } },
  {
    name: "chunks",
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n`,
    expected: { ...good, body: "abc", list: [], trailers: null },
  },
  {
    name: "trailers, handed on",
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nGrpc-Status: 0\r\nContent-Length: 9\r\n\r\n`,
    enableTrailers: true,
    expected: { ...good, body: "abc", trailers: ["grpc-status", "0"] },
  },
  {
    name: "a body up to the end of the connection",
    bytes: `${OK}\r\nabc`,
    closes: true,
    expected: { ...endsConnection, body: "abc" },
  },
  {
    name: "an empty body up to the end of the connection",
    bytes: `${OK}\r\n`,
    closes: true,
    expected: { ...endsConnection, body: "" },
  },
  { name: "no reason, with a space", bytes: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", expected: good },
  { name: "no reason, without a space", bytes: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", expected: good },
  {
    name: "a reason with many words and high bytes",
    bytes: "HTTP/1.1 404 Not F\xf6und  at all\r\nContent-Length: 0\r\n\r\n",
    expected: { ...good, status: 404 },
  },
  {
    name: "a status without a name",
    bytes: "HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n",
    expected: { ...good, status: 599 },
  },
  { name: "204", bytes: "HTTP/1.1 204 No Content\r\n\r\n", expected: { ...good, status: 204 } },
  {
    name: "204 with length 0",
    bytes: "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    expected: { ...good, list: [] },
  },
  {
    name: "304 with the length of what it stands for",
    bytes: "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    expected: { ...good, list: ["content-length", "10"] },
  },
  {
    name: "304 with a transfer-encoding",
    bytes: "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
    expected: good,
  },
  {
    name: "HEAD with a length",
    method: "HEAD",
    bytes: `${OK}Content-Length: 10\r\n\r\n`,
    expected: { ...good, list: ["content-length", "10"] },
  },
  {
    name: "HEAD with chunks announced",
    method: "HEAD",
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    expected: good,
  },
  { name: "HEAD without framing", method: "HEAD", bytes: `${OK}\r\n`, expected: good },
  {
    name: "interim responses",
    bytes: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    expected: { ...good, interim: [100, 103], status: 200 },
  },
  {
    name: "Connection: close",
    bytes: `${OK}Connection: close\r\nContent-Length: 1\r\n\r\na`,
    expected: endsConnection,
  },
  { name: "HTTP/1.0", bytes: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", expected: endsConnection },
  {
    name: "HTTP/1.0 with keep-alive",
    bytes: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
    expected: good,
  },
  {
    name: "a refused upgrade",
    request: ["connection", "upgrade", "upgrade", "websocket"],
    bytes: `${OK}Content-Length: 1\r\n\r\na`,
    expected: endsConnection,
  },
  {
    name: "a refused CONNECT",
    method: "CONNECT",
    bytes: "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\na",
    expected: { ...endsConnection, body: "a" },
  },
  { name: "100 headers", bytes: `${OK}Content-Length: 0\r\n${"X: a\r\n".repeat(99)}\r\n`, expected: good },
];

const unfinished: readonly Row[] = [
  {
    name: "no byte at all",
    bytes: "",
    closes: true,
    expected: { reset: "connection termination", reusable: false, status: 0 },
  },
  {
    name: "half a head",
    bytes: "HTTP/1.1 200 O",
    closes: true,
    expected: { reset: "connection termination", reusable: false, status: 0 },
  },
  {
    name: "a body short of its length",
    bytes: `${OK}Content-Length: 5\r\n\r\nabc`,
    closes: true,
    expected: { reset: "connection termination", ended: false, reusable: false, body: "abc" },
  },
  {
    name: "chunks without the last one",
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
    closes: true,
    expected: { reset: "connection termination", ended: false, reusable: false },
  },
  {
    name: "the last chunk without the empty line",
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`,
    closes: true,
    expected: { reset: "connection termination", ended: false, reusable: false },
  },
  {
    name: "only an interim response",
    bytes: "HTTP/1.1 100 Continue\r\n\r\n",
    closes: true,
    expected: { reset: "connection termination", interim: [100], reusable: false },
  },
];

const refusedResponses: readonly Row[] = [
  {
    name: "row 15: content-length and transfer-encoding",
    bytes: `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    expected: { ...refused, resetDetails: "http1.content_length_and_chunked_not_allowed" },
  },
  {
    name: "row 15: content-length twice, equal",
    bytes: `${OK}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    expected: refused,
  },
  {
    name: "row 15: content-length twice, different",
    bytes: `${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
    expected: refused,
  },
  { name: "row 15: content-length list", bytes: `${OK}Content-Length: 3, 3\r\n\r\nabc`, expected: refused },
  { name: "row 15: content-length with a sign", bytes: `${OK}Content-Length: +3\r\n\r\nabc`, expected: refused },
  { name: "row 15: folded header", bytes: `${OK}Content-Length: 0\r\nX: a\r\n b\r\n\r\n`, expected: refused },
  { name: "row 15: bare LF", bytes: "HTTP/1.1 200 OK\nContent-Length: 0\n\n", expected: refused },
  { name: "row 15: bare CR in a value", bytes: `${OK}X: a\rb\r\n\r\n`, expected: refused },
  { name: "row 15: space before the colon", bytes: `${OK}Content-Length : 0\r\n\r\n`, expected: refused },
  {
    name: "row 15: NUL in a value",
    bytes: `${OK}X: \0\r\n\r\n`,
    expected: { ...refused, resetDetails: "http1.invalid_characters" },
  },
  {
    name: "row 15: transfer-encoding gzip, chunked",
    bytes: `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    expected: { ...refused, resetDetails: "http1.invalid_transfer_encoding" },
  },
  {
    name: "row 15: transfer-encoding twice",
    bytes: `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    expected: refused,
  },
  {
    name: "row 15: transfer-encoding on HTTP/1.0",
    bytes: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    expected: { ...refused, resetDetails: TE_NOT_ALLOWED },
  },
  {
    name: "row 15: 204 with a length",
    bytes: "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
    expected: { ...refused, resetDetails: "http1.content_length_not_allowed" },
  },
  {
    name: "row 15: 204 with chunks",
    bytes: "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    expected: { ...refused, resetDetails: TE_NOT_ALLOWED },
  },
  {
    name: "row 15: 100 with a length",
    bytes: "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nabc",
    expected: refused,
  },
  {
    name: "row 15: an interim response in HTTP/1.0",
    bytes: `HTTP/1.0 100 Continue\r\n\r\n${OK}\r\n`,
    expected: refused,
  },
  {
    name: "row 15: a flood of interim responses",
    bytes: "HTTP/1.1 100 Continue\r\n\r\n".repeat(101),
    expected: refused,
  },
  { name: "row 16: 101 unasked", bytes: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", expected: refused },
  {
    name: "row 16: an opened tunnel with chunks",
    method: "CONNECT",
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    expected: { ...refused, resetDetails: TE_NOT_ALLOWED },
  },
  {
    name: "a malformed chunk",
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`,
    expected: { ...refused, status: 200 },
  },
  { name: "no version", bytes: "200 OK\r\n\r\n", expected: refused },
  { name: "HTTP/0.9", bytes: "hello\r\n\r\n", expected: refused },
  { name: "the greeting of another protocol", bytes: "SSH-2.0-OpenSSH_9.2\r\n", expected: refused },
  { name: "HTTP/2", bytes: "HTTP/2.0 200 OK\r\n\r\n", expected: refused },
  { name: "HTTP/1.2", bytes: "HTTP/1.2 200 OK\r\n\r\n", expected: refused },
  { name: "lower-case version", bytes: "http/1.1 200 OK\r\n\r\n", expected: refused },
  { name: "two digits of status", bytes: "HTTP/1.1 20 OK\r\n\r\n", expected: refused },
  { name: "four digits of status", bytes: "HTTP/1.1 2000 OK\r\n\r\n", expected: refused },
  { name: "a status that is no number", bytes: "HTTP/1.1 2x0 OK\r\n\r\n", expected: refused },
  { name: "status 0", bytes: "HTTP/1.1 000 OK\r\n\r\n", expected: refused },
  { name: "status 600", bytes: "HTTP/1.1 600 OK\r\n\r\n", expected: refused },
  { name: "no status", bytes: "HTTP/1.1\r\n\r\n", expected: refused },
  { name: "two spaces before the status", bytes: "HTTP/1.1  200 OK\r\n\r\n", expected: refused },
  { name: "an empty line before the response", bytes: `\r\n${OK}Content-Length: 0\r\n\r\n`, expected: refused },
  {
    name: "101 headers",
    bytes: `${OK}${"X: a\r\n".repeat(101)}\r\n`,
    expected: { ...refused, resetDetails: "http1.too_many_headers" },
  },
  {
    name: "a head of 81 KiB",
    bytes: `${OK}X: ${"a".repeat(81 * 1024)}\r\n\r\n`,
    expected: { ...refused, resetDetails: "http1.headers_too_large" },
  },
];

function check(row: Row): void {
  for (const { name, pieces } of splitEveryWay(row.bytes)) {
    const outcome = feed(row, pieces);
    for (const key of Object.keys(row.expected) as (keyof Outcome)[]) {
      assert.deepEqual(outcome[key], row.expected[key], `${key}, fed ${name}`);
    }
  }
}

describe("Responses", () => {
  for (const row of served) it(`are taken: ${row.name}`, () => check(row));
  for (const row of unfinished) it(`reset their stream when the upstream closes early: ${row.name}`, () => check(row));
  for (const row of refusedResponses) it(`are refused: ${row.name}`, () => check(row));

  it("cost their connection if more bytes follow in the same read (row 15)", () => {
    for (const extra of ["x", "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]) {
      for (const response of [
        `${OK}Content-Length: 1\r\n\r\na`,
        "HTTP/1.1 204 No\r\n\r\n",
        `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ]) {
        const peer = new Http1ClientPeer();
        const seen = peer.send();
        peer.feed(response + extra);
        assert.equal(seen.ends, 1);
        assert.equal(peer.error, null);
        assert.deepEqual(peer.completions, [false]);
      }
    }
  });

  it("are refused if nobody asked for them (row 15)", () => {
    const peer = new Http1ClientPeer();
    peer.send();
    peer.feed(`${OK}Content-Length: 0\r\n\r\n`);
    assert.deepEqual(peer.completions, [true]);
    peer.feed(`${OK}Content-Length: 0\r\n\r\n`);
    assert.equal(peer.error?.details, "http1.codec_error");
    assert.throws(() => peer.open(), /one request at a time/);
  });

  it("are refused if they come before the request was written (row 15)", () => {
    const peer = new Http1ClientPeer();
    const seen = peer.open();
    peer.feed(`${OK}Content-Length: 0\r\n\r\n`);
    assert.equal(peer.error?.details, "http1.codec_error");
    assert.equal(seen.headers, null);
    assert.equal(seen.reset, "protocol error");
    assert.deepEqual(peer.completions, [false]);
  });
});
