import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StatsMatcherData } from "../../../src/stats/stats-config-data.ts";
import { buildStatsMatcher } from "../../../src/stats/stats-matcher.ts";

describe("StatsMatcher", () => {
  const rows: { name: string; matcher: StatsMatcherData; accepted: string[]; rejected: string[] }[] = [
    { name: "accepts all", matcher: { type: "acceptAll" }, accepted: ["a", "server.live"], rejected: [] },
    { name: "rejects all", matcher: { type: "rejectAll" }, accepted: [], rejected: ["a", "server.live"] },
    {
      name: "accepts what is included",
      matcher: {
        type: "inclusion",
        patterns: [
          { type: "prefix", value: "cluster.", ignoreCase: false },
          { type: "exact", value: "server.live", ignoreCase: false },
        ],
      },
      accepted: ["cluster.a.x", "server.live"],
      rejected: ["http.a", "server.lives"],
    },
    {
      name: "rejects what is excluded",
      matcher: { type: "exclusion", patterns: [{ type: "suffix", value: "_total", ignoreCase: false }] },
      accepted: ["a_totals"],
      rejected: ["a_total"],
    },
    {
      name: "matches regexes against the whole name",
      matcher: { type: "exclusion", patterns: [{ type: "regex", value: "a.c", ignoreCase: false }] },
      accepted: ["xabc", "abcx"],
      rejected: ["abc"],
    },
    {
      name: "can ignore case",
      matcher: { type: "inclusion", patterns: [{ type: "contains", value: "WeB", ignoreCase: true }] },
      accepted: ["cluster.web.x", "cluster.WEB.x"],
      rejected: ["cluster.we.b"],
    },
  ];
  for (const { name, matcher, accepted, rejected } of rows) {
    it(name, () => {
      const built = buildStatsMatcher(matcher);
      for (const each of accepted) assert.equal(built.accepts(each), true, each);
      for (const each of rejected) assert.equal(built.accepts(each), false, each);
    });
  }

  it("refuses what RE2 can't run in linear time", () => {
    const matcher: StatsMatcherData = {
      type: "inclusion",
      patterns: [{ type: "regex", value: "(a)\\1", ignoreCase: false }],
    };
    assert.throws(() => buildStatsMatcher(matcher), /invalid/);
  });
});
