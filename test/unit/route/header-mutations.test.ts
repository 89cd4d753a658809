import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseHeaderMap } from "../../../src/http/header-map.ts";
import { makeRequest, makeStreamInfo } from "../../harness/stream-fixtures.ts";
import { forwardTable, oneHost, routeOf, tableFrom } from "./routes-from.ts";

describe("Header mutations", () => {
  const level = (name: string) => ({
    requestHeadersToAdd: [{ header: { key: "X-Level", value: name } }],
    responseHeadersToAdd: [{ header: { key: "X-Level", value: name }, appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" }],
  });
  const config = (more: object = {}) =>
    tableFrom({
      validateClusters: false,
      ...level("table"),
      ...oneHost(
        [
          {
            match: { prefix: "/" },
            route: { weightedClusters: { clusters: [{ name: "w", weight: 1, ...level("weighted") }] } },
            ...level("route"),
          },
        ],
        level("host"),
      ),
      ...more,
    });

  it("go from the most specific to the most general", () => {
    const request = makeRequest();
    const response = new ResponseHeaderMap(200);
    const route = routeOf(config(), request);
    route.finalizeRequestHeaders(request, makeStreamInfo());
    route.finalizeResponseHeaders(response, request, makeStreamInfo());
    assert.deepEqual(request.getAll("x-level"), ["weighted", "route", "host", "table"]);
    assert.deepEqual(response.getAll("x-level"), ["table"]);
  });

  it("go the other way if the most specific wins", () => {
    const request = makeRequest();
    const response = new ResponseHeaderMap(200);
    const route = routeOf(config({ mostSpecificHeaderMutationsWins: true }), request);
    route.finalizeRequestHeaders(request, makeStreamInfo());
    route.finalizeResponseHeaders(response, request, makeStreamInfo());
    assert.deepEqual(request.getAll("x-level"), ["table", "host", "route", "weighted"]);
    assert.deepEqual(response.getAll("x-level"), ["weighted"]);
  });

  const add = (key: string, value: string, more: object = {}) => ({ header: { key, value }, ...more });
  const rows: { name: string; headers?: string[]; remove?: string[]; add?: object[]; result: string[] }[] = [
    { name: "append to what is there", headers: ["x", "1"], add: [add("X", "2")], result: ["x", "1", "x", "2"] },
    {
      name: "join those headers that have one field",
      headers: ["via", "1"],
      add: [add("Via", "2")],
      result: ["via", "1,2"],
    },
    {
      name: "overwrite all of a name",
      headers: ["x", "1", "y", "2", "x", "3"],
      add: [add("x", "4", { append: false })],
      result: ["x", "4", "y", "2"],
    },
    {
      name: "overwrite only what exists",
      headers: ["x", "1"],
      add: [
        add("x", "2", { appendAction: "OVERWRITE_IF_EXISTS" }),
        add("y", "2", { appendAction: "OVERWRITE_IF_EXISTS" }),
      ],
      result: ["x", "2"],
    },
    {
      name: "add only what is absent",
      headers: ["x", "1"],
      add: [add("x", "2", { appendAction: "ADD_IF_ABSENT" }), add("y", "2", { appendAction: "ADD_IF_ABSENT" })],
      result: ["x", "1", "y", "2"],
    },
    {
      name: "remove before they add",
      headers: ["x", "1", "x", "2"],
      remove: ["X"],
      add: [add("x", "3")],
      result: ["x", "3"],
    },
    {
      name: "overwrite before they append",
      headers: [],
      add: [add("x", "1"), add("x", "2", { appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" })],
      result: ["x", "2", "x", "1"],
    },
    {
      name: "work out values before they set any",
      headers: ["x", "old"],
      add: [add("x", "new", { append: false }), add("y", "%REQ(x)%")],
      result: ["x", "new", "y", "old"],
    },
    { name: "drop an empty value", headers: [], add: [add("x", "%REQ(nothing)%"), add("y", "")], result: [] },
    {
      name: "keep an empty value if told so",
      headers: [],
      add: [add("x", "%REQ(nothing)%", { keepEmptyValue: true })],
      result: ["x", ""],
    },
    { name: "turn %% into a percent sign", headers: [], add: [add("x", "100%%")], result: ["x", "100%"] },
    {
      name: "fill in variables",
      headers: [],
      add: [add("x", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%/%PROTOCOL%")],
      result: ["x", "192.0.2.1/HTTP/1.1"],
    },
    { name: "send a text as its UTF-8 bytes", headers: [], add: [add("x", "é")], result: ["x", "\u00c3\u00a9"] },
    {
      name: "write no line end that a value brings",
      headers: [],
      add: [add("x", "%DYNAMIC_METADATA(n:k)%")],
      result: ["x", "aset-cookie: bc"],
    },
  ];
  for (const { name, headers = [], remove = [], add: toAdd = [], result } of rows) {
    it(name, () => {
      const more = { requestHeadersToAdd: [...toAdd], requestHeadersToRemove: remove };
      const table = forwardTable({ prefix: "/" }, {}, more);
      const request = makeRequest({}, [...headers]);
      const info = makeStreamInfo();
      info.metadata("n").k = "a\r\nset-cookie: b\u0000c";
      routeOf(table, request).finalizeRequestHeaders(request, info);
      assert.deepEqual(request.list, result);
    });
  }
});
