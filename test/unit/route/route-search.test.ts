import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { makeRequest } from "../../harness/stream-fixtures.ts";
import { clusterOf, forward, oneHost, tableFrom } from "./routes-from.ts";

/** Numbers that look random and are the same each time (a linear congruential generator). */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const SEGMENTS = ["", "a", "b", "ab", "abc", "__proto__"];

function randomPath(next: (below: number) => number): string {
  return `/${Array.from({ length: next(4) }, () => SEGMENTS[next(SEGMENTS.length)]).join("/")}`;
}

interface PlainRoute {
  readonly type: "path" | "prefix" | "pathSeparatedPrefix";
  readonly value: string;
  readonly header: boolean;
}

function randomRoute(next: (below: number) => number): PlainRoute {
  const value = randomPath(next).replace(/\/+$/, "") || "/a";
  return { type: (["path", "prefix", "pathSeparatedPrefix"] as const)[next(3)]!, value, header: next(4) === 0 };
}

function matchesPlainly(route: PlainRoute, path: string, header: boolean): boolean {
  if (route.header && !header) return false;
  if (route.type === "path") return path === route.value;
  if (!path.startsWith(route.value)) return false;
  return route.type === "prefix" || ["/", undefined].includes(path[route.value.length]);
}

describe("Route search", () => {
  it("finds what trying one route after the other finds", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const next = sequence(seed);
      const routes = Array.from({ length: 5 + next(40) }, () => randomRoute(next));
      const json = routes.map(({ type, value, header }, i): JsonObject => {
        const headers = header ? [{ name: "x", presentMatch: true }] : [];
        return forward({ [type]: value, headers }, `r${i}`);
      });
      const table = tableFrom({ validateClusters: false, ...oneHost(json) });
      for (let i = 0; i < 100; i++) {
        const path = randomPath(next);
        const header = next(2) === 0;
        const expected = routes.findIndex((route) => matchesPlainly(route, path, header));
        const found = clusterOf(table, makeRequest({ path: `${path}?/a` }, header ? ["x", ""] : []));
        assert.equal(found, expected === -1 ? "none" : `r${expected}`, `seed ${seed}, path ${path}`);
      }
    }
  });

  it("finds the host that comparing with every domain finds", () => {
    const names = ["a", "b", "ab", "www", "x-a"];
    for (let seed = 1; seed <= 40; seed++) {
      const next = sequence(seed);
      const name = (): string => Array.from({ length: 1 + next(3) }, () => names[next(names.length)]).join(".");
      const domains = new Set(Array.from({ length: 20 }, () => ["", "*", "*.", "*-"][next(4)] + name()));
      for (let i = 0; i < 10; i++) domains.add(`${name()}${[".*", "*"][next(2)]}`);
      const virtualHosts = [...domains].map((domain) => ({
        name: domain,
        domains: [domain],
        routes: [forward({ prefix: "/" }, "c")],
      }));
      const table = tableFrom({ validateClusters: false, virtualHosts });
      for (let i = 0; i < 100; i++) {
        const authority = name();
        const found = table.route(makeRequest({ authority }), 0)?.virtualHost.name;
        assert.equal(found, bestDomain([...domains], authority), `seed ${seed}, host ${authority}`);
      }
    }
  });
});

/** Envoy's order, spelled out. */
function bestDomain(domains: readonly string[], host: string): string | undefined {
  if (domains.includes(host)) return host;
  const longest = (matching: string[]): string | undefined => matching.sort((a, b) => b.length - a.length)[0];
  const suffixes = domains.filter((d) => d.startsWith("*") && d.length - 1 < host.length && host.endsWith(d.slice(1)));
  const prefixes = domains.filter(
    (d) => d.endsWith("*") && d.length - 1 < host.length && host.startsWith(d.slice(0, -1)),
  );
  return longest(suffixes) ?? longest(prefixes);
}
