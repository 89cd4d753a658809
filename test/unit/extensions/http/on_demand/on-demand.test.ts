import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { filtered } from "../filtered.ts";

describe("The on_demand filter", () => {
  it("has nothing to do", async (test) => {
    const proxied = await filtered(test, "on_demand", "OnDemand");
    assert.equal((await (await proxied.client()).request()).body, "up");
  });

  it("is refused where something would be on demand", async (test) => {
    const odcds = { source: { ads: {} } };
    await assert.rejects(filtered(test, "on_demand", "OnDemand", { odcds }), /odcds.*not on demand/s);
  });
});
