import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LocalReply } from "../../../src/http/filter.ts";
import { RequestHeaderMap, ResponseHeaderMap } from "../../../src/http/header-map.ts";
import { prepareLocalReply } from "../../../src/http/local-reply.ts";

const REPLY: LocalReply = { status: 503, body: "no", details: "x" };

function request(method: string, list: string[] = []): RequestHeaderMap {
  const headers = new RequestHeaderMap(list);
  headers.method = method;
  return headers;
}

describe("a local reply", () => {
  it("is plain text with its length", () => {
    const { headers, body } = prepareLocalReply(REPLY, new ResponseHeaderMap(503), null);
    assert.deepEqual(headers.list, ["content-length", "2", "content-type", "text/plain"]);
    assert.equal(body.toString(), "no");
  });

  it("has the type that was given to its body, and no other", () => {
    const modifyHeaders: LocalReply["modifyHeaders"] = (headers) => headers.append("content-type", "text/html", ",");
    const { headers } = prepareLocalReply({ ...REPLY, modifyHeaders }, new ResponseHeaderMap(503), null);
    assert.equal(headers.get("content-type"), "text/html");
    assert.equal(headers.get("content-length"), "2");
  });

  it("always has a type if it has a body, and the body's own length", () => {
    const modifyHeaders: LocalReply["modifyHeaders"] = (headers) => {
      headers.remove("content-type");
      headers.add("content-length", "77");
    };
    const { headers } = prepareLocalReply({ ...REPLY, modifyHeaders }, new ResponseHeaderMap(503), null);
    assert.deepEqual(headers.list, ["content-length", "2", "content-type", "text/plain"]);
  });

  it("says nothing of a body that it does not have", () => {
    const modifyHeaders: LocalReply["modifyHeaders"] = (headers) => {
      headers.add("content-type", "text/html");
      headers.add("content-length", "77");
      headers.add("x-kept", "1");
    };
    const { headers } = prepareLocalReply({ ...REPLY, body: "", modifyHeaders }, new ResponseHeaderMap(503), null);
    assert.deepEqual(headers.list, ["x-kept", "1"]);
  });

  it("tells of its body and leaves it out for HEAD", () => {
    const { headers, body } = prepareLocalReply(REPLY, new ResponseHeaderMap(503), request("HEAD"));
    assert.equal(headers.get("content-length"), "2");
    assert.equal(body.length, 0);
  });

  it("keeps a gRPC status that was given to it", () => {
    const modifyHeaders: LocalReply["modifyHeaders"] = (headers) => {
      headers.add("grpc-status", "9");
      headers.add("content-type", "text/html");
      headers.add("content-length", "77");
    };
    const grpc = request("POST", ["content-type", "application/grpc"]);
    const { headers } = prepareLocalReply({ ...REPLY, modifyHeaders }, new ResponseHeaderMap(503), grpc);
    assert.equal(headers.status, 200);
    assert.equal(headers.get("grpc-status"), "9");
    assert.equal(headers.get("grpc-message"), "no");
    assert.equal(headers.get("content-type"), "application/grpc");
    assert.equal(headers.has("content-length"), false);
  });
});
