import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { MINIMUM_NODE, nodeVersionProblem } from "../../../actors/node-version.ts";

describe("nodeVersionProblem", () => {
  it("knows the version that package.json asks for", () => {
    const { engines } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
    assert.equal(engines.node, `>=${MINIMUM_NODE}`);
  });

  for (const version of ["26.6.0", "26.10.0", "27.0.0", process.versions.node]) {
    it(`has nothing against ${version}`, () => assert.equal(nodeVersionProblem(version), undefined));
  }

  for (const version of ["20.20.2", "26.5.9", "9.99.0"]) {
    it(`refuses ${version}`, () =>
      assert.equal(nodeVersionProblem(version), `Node.js 26.6 or newer is needed, and this is ${version}`));
  }
});
