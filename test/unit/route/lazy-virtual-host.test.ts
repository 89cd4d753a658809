import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RouteTable } from "../../../src/route/route-table.ts";
import { makeFormatEnvironment, makeRequest } from "../../harness/stream-fixtures.ts";
import { compileRoutes, forward, oneHost } from "./routes-from.ts";

describe("LazyVirtualHost", () => {
  const any = { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "x" };
  const refuse = (): never => {
    throw new Error("no such module");
  };
  const rows = [
    { name: "a virtual host", config: oneHost([], { typedPerFilterConfig: { f: any } }) },
    {
      name: "a route",
      config: oneHost([{ match: { prefix: "/" }, route: { cluster: "c" }, typedPerFilterConfig: { f: any } }]),
    },
    {
      name: "a weighted cluster",
      config: oneHost([
        {
          match: { prefix: "/" },
          route: { weightedClusters: { clusters: [{ name: "c", weight: 1, typedPerFilterConfig: { f: any } }] } },
        },
      ]),
    },
  ];
  for (const { name, config } of rows) {
    it(`lets a table be refused at once if the filter configuration of ${name} can't be made`, () => {
      const { data } = compileRoutes(config);
      assert.throws(() => new RouteTable(data, refuse, makeFormatEnvironment()), /no such module/);
    });
  }

  it("gives the same route to each request", () => {
    const { data } = compileRoutes(oneHost([forward({ prefix: "/" }, "c")]));
    const table = new RouteTable(data, refuse, makeFormatEnvironment());
    const first = table.route(makeRequest(), 0);
    assert.notEqual(first, null);
    assert.equal(table.route(makeRequest(), 0), first);
  });
});
