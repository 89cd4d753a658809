import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearestName } from "../../../src/config/nearest-name.ts";

describe("nearestName", () => {
  const names = ["connect_timeout", "name", "type", "lb_policy"];
  const rows: { name: string; written: string; meant: string | undefined }[] = [
    { name: "a missing letter", written: "conect_timeout", meant: "connect_timeout" },
    { name: "two letters swapped", written: "nmae", meant: "name" },
    { name: "another separator", written: "connect-timeout", meant: "connect_timeout" },
    { name: "something else", written: "zebra", meant: undefined },
    { name: "a very long name", written: "connect_timeout".repeat(10_000), meant: undefined },
  ];
  for (const { name, written, meant } of rows) {
    it(`answers ${name}`, () => assert.equal(nearestName(written, names), meant));
  }
});
