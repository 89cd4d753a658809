import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Http1Message, Http1MessageReader } from "../../harness/http1-message-reader.ts";

const TWO_RESPONSES =
  "HTTP/1.1 100 Continue\r\n\r\n" +
  "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: 1\r\nA: 2\r\n\r\nabc" +
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x\r\nf\r\n0\r\nT: z\r\n\r\n";

function read(kind: "request" | "response", text: string, step: number): Http1Message[] {
  const messages: Http1Message[] = [];
  const reader = new Http1MessageReader({ kind }, { message: (message) => messages.push(message) });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  assert.equal(reader.end(), true);
  return messages;
}

describe("Http1MessageReader", () => {
  for (const step of [1, 2, 7, 1000]) {
    it(`reads the same responses in pieces of ${step} bytes`, () => {
      const [first, second, ...more] = read("response", TWO_RESPONSES, step);
      assert.equal(more.length, 0);
      assert.deepEqual([first?.body.toString(), second?.body.toString()], ["abc", "def"]);
      assert.deepEqual(first?.headers.slice(1), [
        ["a", "1"],
        ["a", "2"],
      ]);
      assert.deepEqual(second?.trailers, [["t", "z"]]);
    });

    it(`reads the same requests in pieces of ${step} bytes`, () => {
      const text = "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\ncontent-length: 2\r\n\r\nhiGET /3 HTTP/1.1\r\n\r\n";
      assert.deepEqual(
        read("request", text, step).map((message) => message.startLine.slice(-11)),
        ["/1 HTTP/1.1", "/2 HTTP/1.1", "/3 HTTP/1.1"],
      );
    });
  }

  it("tells a message that was cut short", () => {
    const reader = new Http1MessageReader({ kind: "response" }, { message: () => assert.fail("not complete") });
    reader.push(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na"));
    assert.equal(reader.end(), false);
  });

  it("counts the body and keeps none of it when told so", () => {
    const messages: Http1Message[] = [];
    const sink = { message: (message: Http1Message) => void messages.push(message) };
    const reader = new Http1MessageReader({ kind: "response", keepBody: false }, sink);
    reader.push(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd"));
    assert.deepEqual([messages[0]?.bodyBytes, messages[0]?.body.length], [4, 0]);
  });
});
