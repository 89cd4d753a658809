import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import { describe, it } from "node:test";
import { importsOf } from "./import-graph.ts";
import { ROOT, sourceFiles } from "./source-file.ts";

const manifest: {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
  readonly engines: { readonly node: string };
} = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));

/** The five packages the house is built on. */
const FIXED = ["msgpackr", "comlink", "piscina", "pino", "prom-client"];

function packagesOf(...folders: string[]): Set<string> {
  const targets = sourceFiles(...folders)
    .flatMap(importsOf)
    .filter((edge) => !edge.to.startsWith("node:") && !edge.to.endsWith(".ts"))
    .map((edge) =>
      edge.to
        .split("/")
        .slice(0, edge.to.startsWith("@") ? 2 : 1)
        .join("/"),
    );
  return new Set(targets);
}

describe("package.json", () => {
  it("lists every package that src and actors import as a dependency", () => {
    const generated = "@bufbuild/protobuf";
    const missing = [...packagesOf("src", "actors")].filter((name) => !(name in manifest.dependencies));
    assert.deepEqual(
      missing.filter((name) => name !== "src" && name !== "actors" && name !== generated),
      [],
    );
  });

  it("lists no dependency that nothing imports", () => {
    if (!sourceFiles("actors").some((file) => file.path === "actors/main.ts")) return;
    const used = packagesOf("src", "actors");
    const unused = [...Object.keys(manifest.dependencies), ...FIXED].filter((name) => !used.has(name));
    assert.deepEqual([...new Set(unused)], []);
  });

  it("asks for the node that the installed command asks for", () => {
    const command = readFileSync(path.join(ROOT, "actors/troupe.ts"), "utf8");
    const [, major, minor] = /\{ major: (\d+), minor: (\d+) \}/.exec(command) ?? [];
    assert.equal(manifest.engines.node, `>=${major}.${minor}.0`);
  });

  it("pins every version", () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version));
    assert.deepEqual(loose, []);
  });

  it("locks the packages of all platforms, without which npm ci refuses on any", () => {
    const { packages }: { packages: Record<string, { optionalDependencies?: Record<string, string> }> } = JSON.parse(
      readFileSync(path.join(ROOT, "package-lock.json"), "utf8"),
    );
    const missing = Object.entries(packages).flatMap(([where, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${where}/node_modules/${name}` in packages),
      ),
    );
    assert.deepEqual(missing, []);
  });

  it("names built-in modules with node:", () => {
    const bare = [...packagesOf("src", "actors", "test", "bench")].filter((name) => builtinModules.includes(name));
    assert.deepEqual(bare, []);
  });

  it("has scripts whose files are all there", () => {
    if (!sourceFiles("actors").some((file) => file.path === "actors/main.ts")) return;
    const files = Object.values(manifest.scripts).flatMap((script) => [...script.matchAll(/node ([\w./-]+\.ts)/g)]);
    const missing = files.map((match) => match[1]!).filter((file) => sourceFiles(file).length === 0);
    assert.deepEqual(missing, []);
  });
});
