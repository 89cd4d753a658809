import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  normalizePath,
  type PathSettings,
} from "../../../../../src/extensions/network/http_connection_manager/path-normalizer.ts";
import { cpuTimeMs } from "../../../../harness/cpu-time.ts";

const OFF: PathSettings = { normalizePath: false, mergeSlashes: false, escapedSlashes: "keep" };
const ON: PathSettings = { ...OFF, normalizePath: true };
const MERGE: PathSettings = { ...ON, mergeSlashes: true };

/** `path → outcome`: the clean path, `400`, or `307 path`. */
const TABLE: readonly (readonly [settings: PathSettings, path: string, outcome: string])[] = [
  [OFF, "/a/../b", "/a/../b"],
  [OFF, "/a%2Fb//c", "/a%2Fb//c"],
  [OFF, "/a#b", "400"],
  [ON, "/", "/"],
  [ON, "/a/b", "/a/b"],
  [ON, "/a/../b", "/b"],
  [ON, "/a/./b", "/a/b"],
  [ON, "/a/..", "/"],
  [ON, "/a/.", "/a/"],
  [ON, "/..", "/"],
  [ON, "/../../etc", "/etc"],
  [ON, "/a/b/../../..", "/"],
  [ON, "/a/%2e%2e/b", "/b"],
  [ON, "/a/%2E./b", "/b"],
  [ON, "/%2e/b", "/b"],
  [ON, "/a/..;x=y/b", "/a/..;x=y/b"],
  [ON, "/...", "/..."],
  [ON, "/.hidden", "/.hidden"],
  [ON, "/a..b", "/a..b"],
  [ON, "/%41%7a%2D", "/Az-"],
  [ON, "/%252e%252e/a", "/%252e%252e/a"],
  [ON, "/a%2fb", "/a%2fb"],
  [ON, "/a%20b", "/a%20b"],
  [ON, "/a\\b\\..\\c", "/a/c"],
  [ON, "/a%00b", "400"],
  [ON, "/a/b?x=/../y", "/a/b?x=/../y"],
  [ON, "/a/../b?x=%2e%2e", "/b?x=%2e%2e"],
  [ON, "/a?b#c", "400"],
  [ON, "/a#b", "400"],
  [ON, "//a//b", "//a//b"],
  [MERGE, "//a///b//", "/a/b/"],
  [MERGE, "/a//../b", "/a/b"],
  [MERGE, "/a?x=//y", "/a?x=//y"],
  [{ ...OFF, mergeSlashes: true }, "//a//b", "/a/b"],
  [{ ...OFF, escapedSlashes: "reject" }, "/a%2Fb", "400"],
  [{ ...OFF, escapedSlashes: "reject" }, "/a%5cb", "400"],
  [{ ...OFF, escapedSlashes: "reject" }, "/a%252Fb", "/a%252Fb"],
  [{ ...OFF, escapedSlashes: "reject" }, "/a?x=%2F", "/a?x=%2F"],
  [{ ...OFF, escapedSlashes: "unescapeAndForward" }, "/a%2Fb%5cc", "/a/b\\c"],
  [{ ...ON, escapedSlashes: "unescapeAndForward" }, "/a%2F..%5cb", "/b"],
  [{ ...ON, escapedSlashes: "unescapeAndRedirect" }, "/a%2F..%2fb?q", "307 /b?q"],
  [{ ...ON, escapedSlashes: "unescapeAndRedirect" }, "/a/../b", "/b"],
];

function outcomeOf(path: string, settings: PathSettings): string {
  const verdict = normalizePath(path, settings);
  if (verdict.type === "reject") return "400";
  return verdict.type === "redirect" ? `307 ${verdict.path}` : verdict.path;
}

describe("normalizePath", () => {
  for (const [settings, path, outcome] of TABLE) {
    it(`makes ${path} ${outcome} with ${JSON.stringify(settings)}`, () => {
      assert.equal(outcomeOf(path, settings), outcome);
    });
  }

  it("is done with its own results", () => {
    for (const [settings, path, outcome] of TABLE) {
      if (outcome.startsWith("/")) assert.equal(outcomeOf(outcome, settings), outcome, `${path} gave ${outcome}`);
    }
  });

  it("takes linear time for the worst paths", () => {
    const settings: PathSettings = { ...MERGE, escapedSlashes: "unescapeAndForward" };
    for (const part of ["/..", "/./", "//", "%2e", "%2f", "\\", "/a/%2e%2e"]) {
      const path = `/${part.repeat(8192)}`;
      const tookMs = cpuTimeMs(() => normalizePath(path, settings));
      assert.ok(tookMs < 1000, `${tookMs} ms for ${part}`);
    }
  });
});
