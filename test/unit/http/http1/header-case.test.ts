import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseHeaderMap, TrailerMap } from "../../../../src/http/header-map.ts";
import { PROPER_CASE_WORDS, properCase } from "../../../../src/http/http1/proper-case.ts";
import { Http1ClientPeer } from "../../../harness/http1-client-peer.ts";
import { Http1ServerPeer, noAnswer } from "../../../harness/http1-server-peer.ts";

const PRESERVE = { preserveCase: { forwardsReason: false, properCaseForAdded: false } };

describe("Words of header names in proper case", () => {
  const table: readonly (readonly [string, string])[] = [
    ["content-type", "Content-Type"],
    ["x-b3-traceid", "X-B3-Traceid"],
    ["x_under_score", "X_Under_Score"],
    ["1st-2nd", "1st-2nd"],
    ["a!b", "A!B"],
    ["etag", "Etag"],
  ];
  for (const [name, proper] of table) it(`are ${proper} of ${name}`, () => assert.equal(properCase(name), proper));
});

describe("An HTTP/1 server that writes names in proper case", () => {
  it("does so for its own lines and for trailers too", () => {
    const peer = new Http1ServerPeer({ nameFormat: PROPER_CASE_WORDS, enableTrailers: true }, noAnswer);
    peer.feed("GET / HTTP/1.1\r\nHost: a\r\nconnection: close\r\n\r\n");
    const { encoder } = peer.request;
    encoder.encodeHeaders(new ResponseHeaderMap(200, ["x-my-name", "v"]), false);
    const trailers = new TrailerMap();
    trailers.add("x-sum", "1");
    encoder.encodeTrailers(trailers);
    assert.equal(
      peer.sink.text,
      "HTTP/1.1 200 OK\r\nX-My-Name: v\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\nX-Sum: 1\r\n\r\n",
    );
  });

  it("writes interim responses and empty ones so", () => {
    const peer = new Http1ServerPeer({ nameFormat: PROPER_CASE_WORDS }, noAnswer);
    peer.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.request.encoder.encode1xxHeaders(new ResponseHeaderMap(103, ["link", "</a>"]));
    peer.request.encoder.encodeHeaders(new ResponseHeaderMap(404), true);
    assert.equal(
      peer.sink.text,
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    );
  });
});

describe("An HTTP/1 client", () => {
  it("writes names in proper case, host and framing too", () => {
    const peer = new Http1ClientPeer({ nameFormat: PROPER_CASE_WORDS });
    peer.send("POST", ["x-a", "1"], false);
    assert.equal(peer.sink.text, "POST / HTTP/1.1\r\nHost: up\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  });

  it("writes a whole URL into the request line if it is told to", () => {
    const peer = new Http1ClientPeer({ sendFullyQualifiedUrl: true });
    peer.send();
    assert.equal(peer.sink.text, "GET http://up/ HTTP/1.1\r\nhost: up\r\n\r\n");
  });
});

describe("Preserved case of names", () => {
  it("goes with the message and comes before the format of who writes it", () => {
    const server = new Http1ServerPeer(PRESERVE, noAnswer);
    server.feed("GET / HTTP/1.1\r\nHOST: a\r\nX-wEIRD: 1\r\nCookie: b\r\n\r\n");
    const { headers } = server.request;
    assert.equal(headers.get("x-weird"), "1", "filters see lower case");
    headers.set("x-added", "2");
    headers.set("cookie", "c");
    const client = new Http1ClientPeer({ nameFormat: PROPER_CASE_WORDS });
    client.open().encoder.encodeHeaders(headers, true);
    const lines = "HOST: a\r\nX-wEIRD: 1\r\nCookie: c\r\nx-added: 2\r\n";
    assert.equal(client.sink.text, `GET / HTTP/1.1\r\n${lines}\r\n`);
  });

  it("survives copies of a request", () => {
    const server = new Http1ServerPeer(PRESERVE, noAnswer);
    server.feed("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n");
    const client = new Http1ClientPeer();
    client.open().encoder.encodeHeaders(server.request.headers.clone(), true);
    assert.equal(client.sink.text, "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n");
  });

  it("is that of the first of several", () => {
    const server = new Http1ServerPeer(PRESERVE, noAnswer);
    server.feed("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\n\r\n");
    const client = new Http1ClientPeer();
    client.open().encoder.encodeHeaders(server.request.headers, true);
    assert.equal(client.sink.text, "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-A: 2\r\n\r\n");
  });

  function answerOf(preserveCase: (typeof PRESERVE)["preserveCase"], head: string): string {
    const client = new Http1ClientPeer({ preserveCase });
    const seen = client.send();
    client.feed(head);
    const server = new Http1ServerPeer({}, noAnswer);
    server.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    seen.headers!.set("x-added", "1");
    server.request.encoder.encodeHeaders(seen.headers!, true);
    return server.sink.text;
  }

  it("holds for responses, with added names as they are and the usual reason", () => {
    const text = answerOf(PRESERVE.preserveCase, "HTTP/1.1 200 Fine\r\nX-MiX: 1\r\nContent-LENGTH: 0\r\n\r\n");
    assert.equal(text, "HTTP/1.1 200 OK\r\nX-MiX: 1\r\nContent-LENGTH: 0\r\nx-added: 1\r\n\r\n");
  });

  it("writes added names in proper case and passes the reason on if it is told to", () => {
    const settings = { forwardsReason: true, properCaseForAdded: true };
    const text = answerOf(settings, "HTTP/1.1 200 Just fine\r\nx-low: 1\r\nContent-Length: 0\r\n\r\n");
    assert.equal(text, "HTTP/1.1 200 Just fine\r\nx-low: 1\r\nContent-Length: 0\r\nX-Added: 1\r\n\r\n");
  });

  it("has the usual reason if the response has none", () => {
    const settings = { forwardsReason: true, properCaseForAdded: false };
    assert.match(answerOf(settings, "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"), /^HTTP\/1\.1 404 Not Found\r\n/);
  });
});
