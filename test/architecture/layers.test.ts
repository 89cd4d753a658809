import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findCycle, findCycles, type ImportEdge, importsOf } from "./import-graph.ts";
import { sourceFile, sourceFiles } from "./source-file.ts";

/** The layers, lowest first. A folder imports from lower layers and from itself; types count as much as values. */
const LAYERS: readonly (readonly string[])[] = [
  ["src/base"],
  ["src/actor", "src/stats", "src/match", "src/proto", "src/runtime"],
  ["src/config"],
  ["src/net", "src/http", "src/lb", "src/route"],
  ["src/upstream"],
  ["src/listener", "src/access-log", "src/tracing"],
  ["src/extensions"],
  ["src/admin"],
  ["src/terminal"],
  ["actors"],
];

/** What one folder may import of another in its own layer, and why. */
const SIDEWAYS: readonly { from: string; to: string; why: string }[] = [
  { from: "src/route", to: "src/http", why: "routes match on header maps" },
  { from: "src/match", to: "src/proto", why: "matchers are compiled from the generated messages" },
  { from: "src/http", to: "src/net/downstream-connection-info.ts", why: "plain data of the stream's connection" },
  { from: "src/http", to: "src/net/tls-connection-info.ts", why: "plain data of the stream's connection" },
  { from: "src/http", to: "src/net/address.ts", why: "plain data" },
  { from: "src/listener", to: "src/access-log", why: "listeners have access logs" },
  { from: "src/lb", to: "src/net/address.ts", why: "plain data" },
  { from: "src/lb", to: "src/net/downstream-connection-info.ts", why: "plain data of the stream's connection" },
];

/** Edges that stay forbidden although a wider row above allows them. */
const NEVER: readonly { from: string; to: string; why: string }[] = [
  { from: "src/http/http1", to: "src/net", why: "a codec eats bytes and writes to a sink" },
  { from: "src/http/http2", to: "src/net", why: "a codec eats bytes and writes to a sink" },
  { from: "src", to: "actors", why: "src is called, actors are sent to" },
  { from: "src", to: "test", why: "the product knows no tests" },
  { from: "src", to: "bench", why: "the product knows no benchmarks" },
  { from: "actors", to: "test", why: "the product knows no tests" },
  { from: "actors", to: "bench", why: "the product knows no benchmarks" },
];

const within = (file: string, folder: string): boolean => file === folder || file.startsWith(`${folder}/`);
const layerOf = (file: string): number => LAYERS.findIndex((folders) => folders.some((f) => within(file, f)));
const folderOf = (file: string): string | undefined => LAYERS.flat().find((folder) => within(file, folder));
const isRelative = (edge: ImportEdge): boolean =>
  !edge.to.startsWith("node:") && edge.to.includes("/") && edge.to.endsWith(".ts");

/** Why an import is forbidden; `null` if it is allowed. */
function violation(edge: ImportEdge): string | null {
  const never = NEVER.find((row) => within(edge.from, row.from) && within(edge.to, row.to));
  if (never !== undefined) return `never: ${never.why}`;
  if (SIDEWAYS.some((row) => within(edge.from, row.from) && within(edge.to, row.to))) return null;
  const from = layerOf(edge.from);
  const to = layerOf(edge.to);
  if (from === -1 || to === -1) return `in no layer: ${from === -1 ? edge.from : edge.to}`;
  if (from < to) return `layer ${from} may not import from layer ${to}`;
  if (from === to && folderOf(edge.from) !== folderOf(edge.to)) return `both are in layer ${from}`;
  return extensionViolation(edge) ?? actorViolation(edge);
}

/** `src/extensions/<category>/<name>` of a file inside one, else `null`. */
function extensionOf(file: string): string | null {
  return /^(src\/extensions\/[^/]+\/[^/]+)\//.exec(file)?.[1] ?? null;
}

function extensionViolation(edge: ImportEdge): string | null {
  const from = extensionOf(edge.from);
  const to = extensionOf(edge.to);
  return from !== null && to !== null && from !== to ? "an extension may not import another one" : null;
}

function actorViolation(edge: ImportEdge): string | null {
  const actorOf = (file: string): string | null => /^actors\/([^/]+)\//.exec(file)?.[1] ?? null;
  const from = actorOf(edge.from);
  const to = actorOf(edge.to);
  if (from === null || to === null || from === to) return null;
  return edge.typeOnly && edge.to === `actors/${to}/protocol.ts`
    ? null
    : "of another actor only the types of its protocol.ts";
}

const show = (edge: ImportEdge): string => `${edge.from}:${edge.line} -> ${edge.to}`;

describe("The layers", () => {
  const edges = sourceFiles("src", "actors").flatMap(importsOf).filter(isRelative);

  it("are kept by every import of src and actors", () => {
    const bad = edges.flatMap((edge) => {
      const why = violation(edge);
      return why === null ? [] : [`${show(edge)}: ${why}`];
    });
    assert.deepEqual(bad, []);
  });

  it("hold no import cycle", () => {
    const cycles = findCycles(edges).map((files) => files.join(" -> "));
    assert.deepEqual(cycles, []);
  });

  it("hold every relative import with its .ts", () => {
    const bad = sourceFiles("src", "actors", "test", "bench")
      .flatMap(importsOf)
      .filter((edge) => within(edge.to, "src") || within(edge.to, "actors") || within(edge.to, "test"))
      .filter((edge) => !/\.(?:ts|js|mjs|json)$/.test(edge.to));
    assert.deepEqual(bad.map(show), []);
  });
});

describe("The layer rule", () => {
  const rows: readonly { name: string; from: string; to: string; types?: boolean; allowed: boolean }[] = [
    { name: "downwards", from: "src/http/a.ts", to: "src/base/b.ts", allowed: true },
    { name: "upwards", from: "src/base/a.ts", to: "src/http/b.ts", allowed: false },
    { name: "upwards for types", from: "src/base/a.ts", to: "src/http/b.ts", types: true, allowed: false },
    { name: "inside a folder", from: "src/http/a.ts", to: "src/http/x/b.ts", allowed: true },
    { name: "sideways", from: "src/lb/a.ts", to: "src/http/b.ts", allowed: false },
    { name: "sideways where listed", from: "src/route/a.ts", to: "src/http/b.ts", allowed: true },
    {
      name: "a codec to the net",
      from: "src/http/http1/a.ts",
      to: "src/net/downstream-connection-info.ts",
      allowed: false,
    },
    { name: "src to actors", from: "src/admin/a.ts", to: "actors/worker/protocol.ts", types: true, allowed: false },
    {
      name: "an actor to another's protocol types",
      from: "actors/a/actor.ts",
      to: "actors/b/protocol.ts",
      types: true,
      allowed: true,
    },
    {
      name: "an actor to another's protocol values",
      from: "actors/a/actor.ts",
      to: "actors/b/protocol.ts",
      allowed: false,
    },
    {
      name: "an actor to another's insides",
      from: "actors/a/actor.ts",
      to: "actors/b/actor.ts",
      types: true,
      allowed: false,
    },
    { name: "the root to any actor", from: "actors/main.ts", to: "actors/b/actor.ts", allowed: true },
    {
      name: "an extension to another",
      from: "src/extensions/http/a/f.ts",
      to: "src/extensions/http/b/f.ts",
      allowed: false,
    },
    {
      name: "the table to an extension",
      from: "src/extensions/table.ts",
      to: "src/extensions/http/b/f.ts",
      allowed: true,
    },
    { name: "a folder in no layer", from: "src/misc/a.ts", to: "src/base/b.ts", allowed: false },
  ];
  for (const row of rows) {
    it(`${row.allowed ? "allows" : "forbids"} ${row.name}`, () => {
      const why = violation({ from: row.from, to: row.to, line: 1, typeOnly: row.types ?? false });
      assert.equal(why === null, row.allowed, why ?? "allowed");
    });
  }

  it("reads imports of every form and none from comments and strings", () => {
    const file = sourceFile(
      "src/x/a.ts",
      [
        `import "./side.ts";`,
        `import type { A } from "../b.ts";`,
        `import {\n  b,\n} from './c.ts';`,
        `export * from "./d.ts";`,
        `const text = "import x from './no.ts'";`,
        `// import y from "./no.ts";`,
        `const lazy = import("./e.ts");`,
      ].join("\n"),
    );
    assert.deepEqual(
      importsOf(file).map((edge) => [edge.to, edge.typeOnly]),
      [
        ["src/x/side.ts", false],
        ["src/b.ts", true],
        ["src/x/c.ts", false],
        ["src/x/d.ts", false],
        ["src/x/e.ts", false],
      ],
    );
  });

  it("finds the shortest cycle", () => {
    const edge = (from: string, to: string): ImportEdge => ({ from, to, line: 1, typeOnly: false });
    const cycle = findCycle([edge("a", "b"), edge("b", "c"), edge("c", "a"), edge("c", "d"), edge("d", "c")]);
    assert.deepEqual(cycle, ["c", "d", "c"]);
    assert.equal(findCycle([edge("a", "b"), edge("b", "c"), edge("a", "c")]), null);
    assert.deepEqual(findCycles([edge("a", "b"), edge("b", "a"), edge("c", "d"), edge("d", "c")]), [
      ["a", "b", "a"],
      ["c", "d", "c"],
    ]);
  });
});
