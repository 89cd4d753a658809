import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { envoyDifferences, undocumentedExports } from "./docstrings.ts";
import { sourceFile, sourceFiles } from "./source-file.ts";

describe("Docstrings", () => {
  it("stand on every export", () => {
    assert.deepEqual(
      sourceFiles("src", "actors", "test/harness", "test/architecture", "bench").flatMap(undocumentedExports),
      [],
    );
  });

  it("say in a sentence what differs from Envoy", () => {
    const bad = sourceFiles("src", "actors")
      .flatMap(envoyDifferences)
      .filter((difference) => difference.text.length < 15 || !/[.`)]$/.test(difference.text));
    assert.deepEqual(bad, []);
  });
});

describe("The docstring rule", () => {
  it("finds exports without one and accepts the types of documented values", () => {
    const file = sourceFile(
      "src/x.ts",
      [
        "/** A. */",
        "export const A = { a: 1 } as const;",
        "export type A = (typeof A)[keyof typeof A];",
        "export function b(): void {}",
        "// Not a docstring.",
        "export interface C {}",
        "const text = `",
        "export class D {}",
        "`;",
      ].join("\n"),
    );
    assert.deepEqual(undocumentedExports(file), ["src/x.ts:4: b", "src/x.ts:6: C"]);
  });

  it("collects differences over several lines", () => {
    const file = sourceFile(
      "src/x.ts",
      [
        "/**",
        " * Text. Differs from Envoy: starts here",
        " * and ends.",
        " *",
        " * Other.",
        " */",
        "/** Differs from Envoy: short. */",
      ].join("\n"),
    );
    assert.deepEqual(envoyDifferences(file), [
      { path: "src/x.ts", line: 2, text: "starts here and ends." },
      { path: "src/x.ts", line: 7, text: "short." },
    ]);
  });
});
