import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigProblem } from "../../../src/config/config-problem.ts";
import { fieldNamesOf, withExcerpts } from "../../../src/config/problem-excerpt.ts";
import { ClusterSchema } from "../../../src/proto/gen/envoy/config/cluster/v3/cluster_pb.js";

const NAMES = fieldNamesOf([ClusterSchema]);

function problem(line: number, changes: Partial<ConfigProblem> = {}): ConfigProblem {
  return { severity: "error", file: "a.yaml", line, column: 1, path: "", message: "it is wrong", ...changes };
}

function excerptOf(content: string, wrong: ConfigProblem): ConfigProblem["excerpt"] {
  const texts = [{ file: "a.yaml", content: Buffer.from(content) }];
  return withExcerpts([wrong], texts, () => NAMES)[0]!.excerpt;
}

describe("The lines around a problem", () => {
  it("are two before it and two after it, without values", () => {
    const text = "1\n- name: api\n  connect_timeout: 5xs # or 5s\n  type: STATIC\n  lb_policy: RANDOM\n6\n";
    assert.deepEqual(excerptOf(text, problem(3)), {
      from: 1,
      lines: ["…", "- name: …", "  connect_timeout: …", "  type: …", "  lb_policy: …"],
    });
  });

  it("show what the problem itself says", () => {
    const wrong = problem(1, { message: 'has no field "clutsers"', hint: "did you mean clusters?" });
    assert.deepEqual(excerptOf("clutsers: [{ name: x }]", wrong)?.lines, ["clutsers: [{ name: … }]"]);
  });

  it("show nothing of secrets, wherever they stand", () => {
    const secrets = [
      'password: { inline_string: "S3C hunter S3C" }',
      "password: {S3C: S3C}",
      "? S3C\n: S3C",
      "private_key:\n  inline_string: |-\n    -----BEGIN S3C KEY-----\n    S3C/+S3C=\n    -----END S3C-----",
      '{"value":"Bearer S3C","S3C":["S3C", S3C]}',
      "# S3C\n'S3C': S3C",
    ];
    for (const secret of secrets) {
      const lines = excerptOf(secret, problem(2))?.lines ?? [];
      assert.ok(lines.length > 0);
      assert.doesNotMatch(lines.join("\n"), /S3C|hunter/, secret);
    }
  });

  it("are cut where they are long, around the problem", () => {
    const long = `{${'"name":"x",'.repeat(100)}"type":"STATIC"}`;
    const [line = ""] = excerptOf(long, problem(1, { column: 600 }))?.lines ?? [];
    assert.ok(line.startsWith("… ") && line.endsWith(" …") && line.length < 170, line);
  });

  it("are there for the first ten problems that have a place in a text", () => {
    const texts = [{ file: "a.yaml", content: Buffer.from("name: x\n") }];
    const many = [problem(0), problem(1, { file: "b.yaml" }), ...Array.from({ length: 12 }, () => problem(1))];
    const shown = withExcerpts(many, texts, () => NAMES).map(({ excerpt }) => excerpt !== undefined);
    assert.deepEqual(shown, [false, false, ...Array(10).fill(true), false, false]);
  });
});
