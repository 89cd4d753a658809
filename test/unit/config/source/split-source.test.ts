import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CompileOutcome, resourceKey } from "../../../../src/config/compiler/compile-request.ts";
import { ConfigurationCompiler } from "../../../../src/config/compiler/configuration-compiler.ts";
import { problemsText } from "../../../../src/config/config-problem.ts";
import { SplitSource } from "../../../../src/config/source/split-source.ts";
import { splitYamlItems } from "../../../../src/config/source/yaml-items.ts";
import { sampleTable } from "../sample-compiler-table.ts";

/** Numbers that look random and are the same in each run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

/** The outcome as one comparable value. */
function summary(outcome: CompileOutcome): unknown {
  return { ok: outcome.ok, problems: problemsText(outcome.problems), resources: outcome.ok ? outcome.resources : [] };
}

/** Compiles without ever cutting the text into items: an alias in its first comment keeps it whole. */
function compileWhole(content: string): unknown {
  const compiler = new ConfigurationCompiler(sampleTable);
  return summary(
    compiler.compile({ texts: [{ file: "a.yaml", content: content.replace("# a comment", "# *an alias") }] }),
  );
}

const TEXT = `# a comment
---
node:
  id: node # with a comment

static_resources:

  # the listeners
  listeners:
    # the first
    - name: l
      filter_chains:
        - filters:
            - name: envoy.filters.network.echo

    - name: m
      address: {socket_address: {address: 127.0.0.1,
        port_value: 1}}
  clusters:
  - name: odd
    connect_timeout: 1s   # trailing
  -
    name: "b
      c"
  - {name: d,
     connect_timeout: 2s}
  - load_assignment:
      cluster_name: |
        - name: not an item
          x: y

      endpoints: []
    name: e
  - name: f
admin:
  address: {pipe: {path: /tmp/x}}
`;

/** What an edit may put in, remove or replace: pieces that keep or break the structure in many ways. */
const PIECES = [
  "  - name: g\n",
  "    connect_timeout: 3s\n",
  "    connect_timeout: oops\n",
  "  clusters:\n",
  "  listeners:\n",
  "    - name: h\n",
  "static_resources:\n",
  "stats_flush_interval: 1s\n",
  "\n",
  "# comment\n",
  "      # - name: in a comment\n",
  "\t\n",
  "  - \n",
  '    alt_stat_name: "open\n',
  '"\n',
  "    name: |\n      text\n",
  "]\n",
  "  - [x\n",
  "---\n",
  "? x\n",
  "    load_assignment: {cluster_name: &a x}\n",
  "  - name: *a\n",
  "  - !ignore x\n",
  "  clusters: {name: z}\n",
  "  - - name: nested\n",
  "    \r\n",
];

describe("splitYamlItems", () => {
  it("cuts out each item, whatever its style", () => {
    const split = splitYamlItems(TEXT)!;
    assert.deepEqual(
      split.items.map(({ list, line, text }) => [list, line, text.split("\n")[0]]),
      [
        ["listeners", 11, "    - name: l"],
        ["listeners", 16, "    - name: m"],
        ["clusters", 20, "  - name: odd"],
        ["clusters", 22, "  -"],
        ["clusters", 25, "  - {name: d,"],
        ["clusters", 27, "  - load_assignment:"],
        ["clusters", 34, "  - name: f"],
      ],
    );
    const lines = split.rest.split("\n");
    assert.equal(split.wholeLine(lines.indexOf("admin:") + 1), 35);
    assert.equal(split.wholeLine(lines.indexOf("  clusters:") + 1), 19);
    assert.equal(split.wholeLine(3), 3);
  });

  const whole: { name: string; text: string }[] = [
    { name: "anchors", text: "static_resources:\n  clusters:\n  - &a {name: x}\n" },
    { name: "aliases", text: "static_resources:\n  clusters:\n  - *a\n" },
    { name: "tags", text: "static_resources:\n  clusters:\n  - !x {name: x}\n" },
    { name: "tabs", text: "static_resources:\n  clusters:\n  - name: x\n\t\n" },
    { name: "flow style at the root", text: "{\nstatic_resources:\n  clusters:\n  - name: x\n}" },
    { name: "the same list twice", text: "static_resources:\n  clusters:\n  - name: x\n  clusters:\n  - name: y\n" },
    { name: "the resources twice", text: "static_resources:\n  clusters:\n  - name: x\nstatic_resources:\n" },
    { name: "a second document", text: "static_resources:\n  clusters:\n  - name: x\n---\na: 1\n" },
    { name: "complex keys", text: "static_resources:\n  clusters:\n  - name: x\n? y\n: z\n" },
    { name: "a map for a list", text: "static_resources:\n  clusters:\n    name: x\n" },
  ];
  for (const { name, text } of whole) {
    it(`leaves a text with ${name} whole`, () => assert.equal(splitYamlItems(text), undefined));
  }
});

describe("SplitSource", () => {
  it("compiles to what the whole text compiles to", () => {
    assert.ok(SplitSource.open("a.yaml", TEXT) !== undefined);
    const outcome = new ConfigurationCompiler(sampleTable).compile({ texts: [{ file: "a.yaml", content: TEXT }] });
    assert.equal(outcome.ok, true);
    assert.deepEqual(summary(outcome), compileWhole(TEXT));
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.resources.map(resourceKey), [
      "listener l",
      "listener m",
      "cluster odd",
      "cluster b c",
      "cluster d",
      "cluster e",
      "cluster f",
    ]);
  });

  it("gives after any edits the same outcome as compiling the whole text afresh", () => {
    const compiler = new ConfigurationCompiler(sampleTable);
    let good = 0;
    let cut = 0;
    for (let round = 0; round < 1500; round++) {
      const pick = sequence(round + 1);
      const lines = TEXT.split(/(?<=\n)/);
      for (let edit = pick(3); edit >= 0; edit--) {
        const at = 1 + pick(lines.length);
        const piece = PIECES[pick(PIECES.length)]!;
        const kind = pick(5);
        if (kind === 0) lines.splice(at, 1);
        else if (kind === 1) lines.splice(at, 1, piece);
        else if (kind === 2) lines.splice(at, 0, ...lines.slice(at, at + pick(4)));
        else if (kind === 3) lines.splice(at, 0, lines[pick(lines.length)] ?? "");
        else lines.splice(at, 0, piece);
      }
      const content = lines.join("");
      const outcome = summary(compiler.compile({ texts: [{ file: "a.yaml", content }] }));
      assert.deepEqual(outcome, compileWhole(content), `round ${round}:\n${content}`);
      if ((outcome as { ok: boolean }).ok) good++;
      if (SplitSource.open("a.yaml", content) !== undefined) cut++;
    }
    assert.ok(good > 100 && good < 1400, `${good} good texts of 1500 are no fair sample`);
    assert.ok(cut > 500, `only ${cut} texts of 1500 were cut`);
  });
});
