import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigurationCompiler } from "../../../src/config/compiler/configuration-compiler.ts";
import { problemText } from "../../../src/config/config-problem.ts";
import { sampleTable } from "./sample-compiler-table.ts";

const compiler = new ConfigurationCompiler(sampleTable);

function problems(content: string | Uint8Array, file = "a.yaml"): string[] {
  const outcome = compiler.compile({ texts: [{ file, content }] });
  return outcome.problems.map(problemText);
}

const TEXT = `
node: {id: one, metadata: {a: [1, {b: c}]}}
static_resources:
  listeners:
  - name: l
    filter_chains:
    - filters:
      - name: t
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: x
          cluster: a
  clusters:
  - name: a
    connect_timeout: 1s
    load_assignment: {cluster_name: a, endpoints: {lb_endpoints: {endpoint: {address: {pipe: {path: /x}}}}}}
`;
const BYTES = [
  "{",
  "}",
  "[",
  "]",
  ":",
  "-",
  " ",
  "\n",
  '"',
  "'",
  "#",
  "&a",
  "*a",
  "!",
  "|",
  ">",
  "?",
  "%",
  ",",
  "\t",
  "\u0000",
  "é",
  "0",
  "@type",
  "null",
];

describe("hostile configurations", () => {
  it("are outcomes and never exceptions, whatever is broken in a good one", () => {
    let state = 1;
    const pick = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 0x1_0000_0000) * below);
    };
    let refused = 0;
    for (let round = 0; round < 1500; round++) {
      let text = TEXT;
      for (let edit = pick(4); edit >= 0; edit--) {
        const at = pick(text.length);
        text = text.slice(0, at) + (pick(3) === 0 ? "" : BYTES[pick(BYTES.length)]!) + text.slice(at + pick(3));
      }
      for (const file of ["a.yaml", "a.json", "a.pb"]) {
        const found = problems(text, file);
        assert.ok(found.length <= 1000);
        for (const problem of found) {
          assert.doesNotMatch(problem, /internal error|undefined/);
          assert.equal(problem.includes("\n"), false);
        }
        if (found.length > 0) refused++;
      }
    }
    assert.ok(refused > 3500, `only ${refused} of 4500 were refused`);
  });

  const large: { name: string; content: string; problem: RegExp }[] = [
    {
      name: "20 MiB of items of a list",
      content: "- a\n".repeat(5_000_000),
      problem: /too large to be parsed as one YAML text/,
    },
    { name: "20 MiB of opening brackets", content: "[".repeat(20_000_000), problem: /nested more than 100 deep/ },
    {
      name: "a million wrong clusters",
      content: `static_resources:\n  clusters:\n${"  - a\n".repeat(1_000_000)}`,
      problem: /too large/,
    },
    {
      name: "10,000 wrong clusters",
      content: `static_resources:\n  clusters:\n${"  - a\n".repeat(10_000)}`,
      problem: /^a\.yaml: 200 listeners and clusters have errors; the rest was not checked$/,
    },
  ];
  for (const { name, content, problem } of large) {
    it(`are refused in bounded time: ${name}`, () => {
      const found = problems(content);
      assert.match(found[0]!, problem);
      assert.ok(found.length <= 201);
    });
  }

  it("may nest structs as deep as the limit and no deeper", () => {
    const nested = (depth: number): string => `node: {metadata: {a: ${"[".repeat(depth)}${"]".repeat(depth)}}}`;
    assert.deepEqual(problems(nested(97)), []);
    assert.match(problems(nested(99))[0]!, /nested more than 100 deep/);
  });
});
