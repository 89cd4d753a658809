import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FilterStage, factoryOf } from "../../../../harness/filter-stage.ts";
import { makeFilter } from "../../../../harness/filter-under-test.ts";
import { ScriptedFilter } from "../../../../harness/scripted-filter.ts";
import { filtered, routeWith } from "../filtered.ts";

async function stageWith(json: object, routeJson?: object): Promise<FilterStage> {
  const { factory, route } = await makeFilter("buffer", json as never, routeJson as never);
  const stage = new FilterStage({ route });
  stage.add([
    { name: "buffer", factory },
    { name: "after", factory: factoryOf(new ScriptedFilter("after", stage.log)) },
  ]);
  return stage;
}

describe("The buffer filter", () => {
  it("holds the request back until its end, and then says its length", async () => {
    const stage = await stageWith({ maxRequestBytes: 100 });
    stage.decodeHeaders();
    stage.decodeData("one");
    assert.deepEqual(stage.take(), []);
    stage.decodeData("two", true);
    assert.deepEqual(stage.take(), ["after decodeHeaders", 'after decodeData "onetwo" end']);
    assert.equal(stage.request.get("content-length"), "6");
  });

  it("leaves a request with trailers without a length", async () => {
    const stage = await stageWith({ maxRequestBytes: 100 });
    stage.decodeHeaders();
    stage.decodeData("one");
    stage.decodeTrailers();
    assert.deepEqual(stage.take(), ["after decodeHeaders", 'after decodeData "one"', "after decodeTrailers t=1"]);
    assert.equal(stage.request.get("content-length"), undefined);
  });

  it("lets requests without body and tunnels pass at once", async () => {
    const bodyless = await stageWith({ maxRequestBytes: 100 });
    bodyless.decodeHeaders(true);
    assert.deepEqual(bodyless.take(), ["after decodeHeaders end"]);
    const tunnel = await stageWith({ maxRequestBytes: 100 });
    tunnel.request.protocol = "websocket";
    tunnel.decodeHeaders();
    assert.deepEqual(tunnel.take(), ["after decodeHeaders"]);
  });

  it("is off where a route says so", async () => {
    const stage = await stageWith({ maxRequestBytes: 1 }, { disabled: true });
    stage.decodeHeaders();
    stage.decodeData("long", false);
    assert.deepEqual(stage.take(), ["after decodeHeaders", 'after decodeData "long"']);
  });

  it("answers what is too long with 413, by the filter's limit or the route's", async (test) => {
    const proxied = await filtered(
      test,
      "buffer",
      "Buffer",
      { max_request_bytes: 10 },
      {
        routes: [
          routeWith("/more", "buffer", "BufferPerRoute", { buffer: { max_request_bytes: 20 } }),
          routeWith("/off", "buffer", "BufferPerRoute", { disabled: true }),
          routeWith("/", "buffer", "BufferPerRoute", { buffer: { max_request_bytes: 10 } }),
        ],
      },
    );
    const body = "x".repeat(15);
    for (const [target, status] of [
      ["/", 413],
      ["/more", 200],
      ["/off", 200],
    ] as const) {
      const response = await (await proxied.client()).request({ method: "POST", target, body });
      assert.equal(response.status, status, target);
    }
    assert.deepEqual(await proxied.logged(1), { status: 413, flags: "", details: "request_payload_too_large" });
    assert.equal(proxied.upstream.requestCount, 2);
  });
});
