import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linkTo, parseRoute } from "../../../../src/admin/page/route.ts";

describe("The routes of the page", () => {
  for (const [fragment, view, chosen] of [
    ["", "", ""],
    ["#/config", "config", ""],
    ["#/actors/supervisor%2Fworker-1", "actors", "supervisor/worker-1"],
    ["#/actors/100%", "actors", "100%"],
    ["#<script>", "", ""],
  ] as const) {
    it(`are read from the fragment "${fragment}"`, () => assert.deepEqual(parseRoute(fragment), { view, chosen }));
  }

  it("come back from the links that are made of them", () => {
    const chosen = 'a/b c"<d>&%';
    assert.deepEqual(parseRoute(linkTo("actors", chosen)), { view: "actors", chosen });
  });
});
