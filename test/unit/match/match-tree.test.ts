import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createMatchTree,
  type MatchOutcomeData,
  type MatchPredicateData,
  type MatchTreeData,
} from "../../../src/match/match-tree.ts";

type Subject = Readonly<Record<string, string>>;
type Tree = MatchTreeData<string, string>;
type Outcome = MatchOutcomeData<string, string>;
type Predicate = MatchPredicateData<string>;

const is = (input: string, value: string): Predicate => ({
  type: "value",
  input,
  matcher: { type: "exact", value, ignoreCase: false },
});
const act = (action: string): Outcome => ({ type: "action", action });
const list = (entries: readonly (readonly [Predicate, Outcome])[], otherwise: Outcome | null = null): Tree => ({
  branches: { type: "list", list: entries.map(([predicate, outcome]) => ({ predicate, outcome })) },
  otherwise,
});
const found = (tree: Tree, subject: Subject): string | null =>
  createMatchTree<Subject, string, string>(tree, (input) => (of) => of[input])(subject);

describe("A match tree", () => {
  it("takes the first branch of a list whose condition holds, else what is said for no match", () => {
    const tree = list(
      [
        [is("a", "1"), act("first")],
        [is("b", "1"), act("second")],
      ],
      act("other"),
    );
    assert.equal(found(tree, { a: "1", b: "1" }), "first");
    assert.equal(found(tree, { b: "1" }), "second");
    assert.equal(found(tree, { a: "2" }), "other");
    assert.equal(found(list([[is("a", "1"), act("x")]]), {}), null);
  });

  it("joins conditions, and looks for addresses in ranges", () => {
    const ranges = [{ address: "10.0.0.0", prefixLength: 8 }];
    const inside: Predicate = { type: "ip", input: "ip", ranges };
    const both: Predicate = { type: "and", predicates: [is("a", "1"), is("b", "1")] };
    const tree = list([
      [both, act("both")],
      [{ type: "or", predicates: [is("a", "1"), inside] }, act("one")],
      [{ type: "not", predicate: is("c", "1") }, act("not c")],
    ]);
    assert.equal(found(tree, { a: "1", b: "1" }), "both");
    assert.equal(found(tree, { ip: "10.1.2.3" }), "one");
    assert.equal(found(tree, { ip: "11.1.2.3", c: "1" }), null);
    assert.equal(found(tree, {}), "not c", "what is not there is not equal");
  });

  it("looks values up in a map, and the longest prefix in a map of prefixes", () => {
    const outcomes = [
      ["/a", act("a")],
      ["/a/b", act("b")],
      ["/\u00e4", act("umlaut")],
    ] as const;
    const exact: Tree = { branches: { type: "exact", input: "p", outcomes }, otherwise: act("other") };
    const prefix: Tree = { branches: { type: "prefix", input: "p", outcomes }, otherwise: null };
    assert.deepEqual(
      ["/a", "/a/b", "/a/b/c", "/\u00c3\u00a4"].map((p) => found(exact, { p })),
      ["a", "b", "other", "umlaut"],
    );
    assert.deepEqual(
      ["/a", "/a/x", "/a/b/c", "/"].map((p) => found(prefix, { p })),
      ["a", "a", "b", null],
    );
    assert.equal(found(exact, {}), "other");
    assert.equal(found(prefix, {}), null);
  });

  it("has no match where a branch leads to a tree without one", () => {
    const inner = list([[is("b", "1"), act("inner")]]);
    const tree = list(
      [
        [is("a", "1"), { type: "tree", tree: inner }],
        [is("a", "1"), act("later")],
      ],
      act("other"),
    );
    assert.equal(found(tree, { a: "1", b: "1" }), "inner");
    assert.equal(found(tree, { a: "1" }), null);
    assert.equal(found(tree, {}), "other");
  });
});
