import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Place } from "../../../src/config/place.ts";

describe("Place", () => {
  it("prints fields, items and keys as a path", () => {
    const place = Place.root.field("static_resources").field("clusters").index(3).field("connect_timeout");
    assert.equal(place.toString(), "static_resources.clusters[3].connect_timeout");
    assert.equal(
      Place.root.field("typed_per_filter_config").field("a.b c").toString(),
      'typed_per_filter_config["a.b c"]',
    );
    assert.equal(Place.root.toString(), "");
  });

  it("moves below another place", () => {
    const inner = Place.root.field("filters").index(0);
    const outer = Place.root.field("listeners").index(2);
    assert.equal(inner.under(outer).toString(), "listeners[2].filters[0]");
    assert.deepEqual(inner.under(outer).steps(), ["listeners", 2, "filters", 0]);
  });
});
