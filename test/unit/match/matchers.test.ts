import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestHeaderMap } from "../../../src/http/header-map.ts";
import { HeaderMatcher, type HeaderMatcherData } from "../../../src/match/header-matcher.ts";
import { createPathMatcher, pathWithoutQuery } from "../../../src/match/path-matcher.ts";
import { queryParameter } from "../../../src/match/query-parameter-matcher.ts";
import { Regex, regexProblem } from "../../../src/match/regex.ts";
import { RegexRewrite, substitutionProblem } from "../../../src/match/regex-rewrite.ts";
import { createStringMatcher, type StringMatcherData } from "../../../src/match/string-matcher.ts";

describe("Regex", () => {
  const rows: { pattern: string; yes: string[]; no: string[] }[] = [
    { pattern: "/a/b", yes: ["/a/b"], no: ["/a/b/", "x/a/b", ""] },
    { pattern: "/a.*", yes: ["/a", "/abc"], no: ["/b", "/a\n"] },
    { pattern: ".*\\.png", yes: [".png", "/x.png"], no: ["/xpng", "/x.png/"] },
    { pattern: ".*a.*", yes: ["a", "xay"], no: ["", "xy"] },
    { pattern: "^/a$", yes: ["/a"], no: ["/aa"] },
    { pattern: "/v[12]/(x|y)+", yes: ["/v1/xyx"], no: ["/v3/x", "/v1/"] },
    { pattern: "(?i)abc", yes: ["aBC"], no: ["abcd"] },
    { pattern: "a.c", yes: ["abc", "a\u00c3\u00a9c"], no: ["ac", "abbc"] },
    { pattern: "é+", yes: ["\u00c3\u00a9\u00c3\u00a9"], no: ["é"] },
    { pattern: "a|b", yes: ["a", "b"], no: ["ab", "a|b"] },
    { pattern: "", yes: [""], no: ["a"] },
  ];
  for (const { pattern, yes, no } of rows) {
    it(`matches the whole text: ${pattern}`, () => {
      const regex = new Regex(pattern);
      assert.deepEqual(
        [...yes, ...no].filter((text) => regex.matches(text)),
        yes,
      );
    });
  }

  it("takes linear time where a backtracking engine would take for ever", () => {
    const regex = new Regex("(a+)+(a+)+(a|aa)*b");
    assert.equal(regex.matches("a".repeat(20_000)), false);
  });

  it("names what is wrong with a pattern", () => {
    assert.match(regexProblem("(a")!, /missing closing/);
    assert.match(regexProblem("(a)\\1")!, /invalid escape/);
    assert.match(regexProblem("((a{100}){100}){100}")!, /./);
    assert.equal(regexProblem("[a-z]+"), null);
  });
});

describe("RegexRewrite", () => {
  const rows = [
    { pattern: "a", substitution: "b", from: "banana", to: "bbnbnb" },
    { pattern: "(.)(.)", substitution: "\\2\\1", from: "abcd", to: "badc" },
    { pattern: "b", substitution: "[\\0]\\\\", from: "abc", to: "a[b]\\c" },
    { pattern: "x", substitution: "y", from: "abc", to: "abc" },
    { pattern: "(x)?b", substitution: "<\\1>", from: "abc", to: "a<>c" },
    { pattern: "é", substitution: "ü", from: "\u00c3\u00a9", to: "\u00c3\u00bc" },
  ];
  for (const { pattern, substitution, from, to } of rows) {
    it(`${pattern} → ${substitution}`, () => {
      assert.equal(substitutionProblem({ pattern, substitution }), null);
      assert.equal(new RegexRewrite({ pattern, substitution }).replaceAll(from), to);
    });
  }

  it("refuses bad substitutions", () => {
    assert.match(substitutionProblem({ pattern: "a", substitution: "\\x" })!, /backslash/);
    assert.match(substitutionProblem({ pattern: "a", substitution: "\\" })!, /backslash/);
    assert.match(substitutionProblem({ pattern: "(a)", substitution: "\\2" })!, /it has 1/);
  });
});

describe("StringMatcher", () => {
  const rows: { type: StringMatcherData["type"]; value: string; ignoreCase?: boolean; yes: string[]; no: string[] }[] =
    [
      { type: "exact", value: "ab", yes: ["ab"], no: ["AB", "abc", ""] },
      { type: "exact", value: "aB", ignoreCase: true, yes: ["Ab"], no: ["abc"] },
      { type: "prefix", value: "ab", yes: ["abc", "ab"], no: ["aab"] },
      { type: "suffix", value: "ab", yes: ["cab", "ab"], no: ["aba"] },
      { type: "contains", value: "AB", ignoreCase: true, yes: ["xaby"], no: ["a-b"] },
      { type: "regex", value: "a+", yes: ["aa"], no: ["ab"] },
      { type: "exact", value: "é", yes: ["\u00c3\u00a9"], no: ["\u00e9"] },
      { type: "exact", value: "É", ignoreCase: true, yes: ["\u00c3\u0089"], no: ["\u00e3\u0089"] },
    ];
  for (const { type, value, ignoreCase = false, yes, no } of rows) {
    it(`${type} ${value}${ignoreCase ? " in any case" : ""}`, () => {
      const matcher = createStringMatcher({ type, value, ignoreCase });
      assert.deepEqual(
        [...yes, ...no].filter((text) => matcher.matches(text)),
        yes,
      );
    });
  }
});

describe("HeaderMatcher", () => {
  const request = new RequestHeaderMap(["a", "1", "n", "-5", "e", "", "r", "x", "r", "y"]);
  request.method = "GET";
  request.authority = "h.test";
  const exact = (value: string) =>
    ({
      type: "string",
      matcher: { type: "exact", value, ignoreCase: false },
    }) as const satisfies HeaderMatcherData["match"];
  const range = (start: number, end: number) => ({ type: "range", start, end }) as const;
  const present = { type: "present", present: true } as const;
  const absent = { type: "present", present: false } as const;
  const rows: {
    name: string;
    header: string;
    match: HeaderMatcherData["match"];
    invert?: boolean;
    empty?: boolean;
    result: boolean;
  }[] = [
    { name: "equal", header: "a", match: exact("1"), result: true },
    { name: "not equal", header: "a", match: exact("2"), result: false },
    { name: "not equal, inverted", header: "a", match: exact("2"), invert: true, result: true },
    { name: "missing", header: "m", match: exact(""), result: false },
    { name: "missing, inverted, is still no match", header: "m", match: exact("1"), invert: true, result: false },
    { name: "missing as empty", header: "m", match: exact(""), empty: true, result: true },
    { name: "missing as empty, inverted", header: "m", match: exact("1"), empty: true, invert: true, result: true },
    { name: "empty", header: "e", match: exact(""), result: true },
    { name: "repeated values are joined", header: "r", match: exact("x,y"), result: true },
    { name: "pseudo-header", header: ":method", match: exact("GET"), result: true },
    { name: "host is :authority", header: "host", match: exact("h.test"), result: true },
    { name: "present", header: "a", match: present, result: true },
    { name: "present but missing", header: "m", match: present, result: false },
    { name: "present, inverted, missing", header: "m", match: present, invert: true, result: true },
    { name: "absent", header: "m", match: absent, result: true },
    { name: "absent but there", header: "a", match: absent, result: false },
    { name: "in range", header: "n", match: range(-5, 0), result: true },
    { name: "the end is outside", header: "n", match: range(-9, -5), result: false },
    { name: "no number is in no range", header: "r", match: range(-9, 9), result: false },
    { name: "the empty text is no number", header: "e", match: range(-9, 9), result: false },
  ];
  for (const { name, header, match, invert = false, empty = false, result } of rows) {
    it(name, () => {
      const matcher = new HeaderMatcher({ name: header, match, invert, treatMissingAsEmpty: empty });
      assert.equal(matcher.matches(request), result);
    });
  }
});

describe("queryParameter", () => {
  const rows: { path: string; value: string | undefined }[] = [
    { path: "/?a=1", value: "1" },
    { path: "/?b=2&a=1&a=3", value: "1" },
    { path: "/?a", value: "" },
    { path: "/?a&b", value: "" },
    { path: "/?a=", value: "" },
    { path: "/?ab=1", value: undefined },
    { path: "/?b=a=1", value: undefined },
    { path: "/a=1", value: undefined },
    { path: "/?", value: undefined },
    { path: "/?b#a=1", value: undefined },
    { path: "/?&&a=1", value: "1" },
    { path: "/?a=x%20y=z", value: "x%20y=z" },
  ];
  for (const { path, value } of rows) it(path, () => assert.equal(queryParameter(path, "a"), value));
});

describe("PathMatcher", () => {
  it("matches segments", () => {
    const matcher = createPathMatcher({ type: "separatedPrefix", value: "/a", ignoreCase: true });
    assert.deepEqual(
      ["/a", "/A/b", "/ab", "/"].map((path) => matcher.matches(path)),
      [true, true, false, false],
    );
  });

  it("sees no query and no fragment", () => {
    assert.deepEqual(["/a?b#c", "/a#b?c", "/a", ""].map(pathWithoutQuery), ["/a", "/a", "/a", ""]);
  });
});
