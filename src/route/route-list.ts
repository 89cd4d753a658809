import type { RequestHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import { createPathMatcher, type PathMatcher, type PathMatcherData } from "../match/path-matcher.ts";
import { wireText } from "../match/wire-text.ts";
import type { RouteEntry } from "./route-entry.ts";

/** A route entry with how it matches the path; null for `connect_matcher`. */
export interface ListedRoute {
  readonly path: PathMatcherData | null;
  readonly entry: RouteEntry;
}

/** Runs of routes shorter than this are tried one by one, which is quicker than an index. */
const SHORTEST_INDEXED_RUN = 8;

/** A run of routes; finds the first that matches. */
interface Segment {
  find(path: string, headers: RequestHeaderMap, randomValue: number, info: StreamInfo | null): RouteEntry | null;
}

/**
 * The routes of a virtual host, in order: the first that matches wins. Long runs of plain paths and prefixes are
 * indexed, so that a thousand of them cost a few map lookups. Immutable.
 */
export class RouteList {
  readonly #segments: readonly Segment[];
  readonly #connect: readonly RouteEntry[];

  constructor(routes: readonly ListedRoute[]) {
    this.#segments = segmentsOf(routes);
    this.#connect = routes.filter((route) => route.path === null).map((route) => route.entry);
  }

  /** `path` is what is to be matched: without query, `""` if the request has no path. */
  find(path: string, headers: RequestHeaderMap, randomValue: number, info: StreamInfo | null): RouteEntry | null {
    // Without a path (CONNECT), only routes made for that can match.
    if (path === "") return firstMatch(this.#connect, headers, randomValue, info);
    for (const segment of this.#segments) {
      const entry = segment.find(path, headers, randomValue, info);
      if (entry !== null) return entry;
    }
    return null;
  }
}

function firstMatch(
  entries: readonly RouteEntry[],
  headers: RequestHeaderMap,
  randomValue: number,
  info: StreamInfo | null,
): RouteEntry | null {
  if (headers.method !== "CONNECT") return null;
  for (const entry of entries) if (entry.matches(headers, randomValue, info)) return entry;
  return null;
}

function segmentsOf(routes: readonly ListedRoute[]): Segment[] {
  const segments: Segment[] = [];
  let run: ListedRoute[] = [];
  const endRun = (): void => {
    if (run.length >= SHORTEST_INDEXED_RUN) segments.push(new IndexedRun(run));
    else for (const route of run) segments.push(new SingleRoute(route));
    run = [];
  };
  for (const route of routes) {
    if (isIndexable(route.path)) {
      run.push(route);
    } else {
      endRun();
      segments.push(route.path === null ? new ConnectRoute(route.entry) : new SingleRoute(route));
    }
  }
  endRun();
  return segments;
}

function isIndexable(path: PathMatcherData | null): boolean {
  return path !== null && path.type !== "regex" && !path.ignoreCase;
}

class SingleRoute implements Segment {
  readonly #path: PathMatcher;
  readonly #entry: RouteEntry;

  constructor(route: ListedRoute) {
    this.#path = createPathMatcher(route.path!);
    this.#entry = route.entry;
  }

  find(path: string, headers: RequestHeaderMap, randomValue: number, info: StreamInfo | null): RouteEntry | null {
    return this.#path.matches(path) && this.#entry.matches(headers, randomValue, info) ? this.#entry : null;
  }
}

class ConnectRoute implements Segment {
  readonly #entry: RouteEntry;

  constructor(entry: RouteEntry) {
    this.#entry = entry;
  }

  find(_path: string, headers: RequestHeaderMap, randomValue: number, info: StreamInfo | null): RouteEntry | null {
    return headers.method === "CONNECT" && this.#entry.matches(headers, randomValue, info) ? this.#entry : null;
  }
}

interface IndexedEntry {
  /** Place in the run: the lowest that matches wins. */
  readonly order: number;
  readonly entry: RouteEntry;
}

type PathIndex = Map<string, IndexedEntry[]>;

class IndexedRun implements Segment {
  readonly #exact: PathIndex = new Map();
  /** By length of the prefix. */
  readonly #prefixes = new Map<number, PathIndex>();
  readonly #separated = new Map<number, PathIndex>();
  readonly #lengths: readonly number[];

  constructor(routes: readonly ListedRoute[]) {
    for (const [order, { path, entry }] of routes.entries()) {
      const value = wireText(path!.value);
      const index = path!.type === "exact" ? this.#exact : this.#indexFor(path!.type, value.length);
      const entries = index.get(value);
      if (entries === undefined) index.set(value, [{ order, entry }]);
      else entries.push({ order, entry });
    }
    this.#lengths = [...new Set([...this.#prefixes.keys(), ...this.#separated.keys()])].sort((a, b) => a - b);
  }

  #indexFor(type: PathMatcherData["type"], length: number): PathIndex {
    const byLength = type === "prefix" ? this.#prefixes : this.#separated;
    let index = byLength.get(length);
    if (index === undefined) {
      index = new Map();
      byLength.set(length, index);
    }
    return index;
  }

  find(path: string, headers: RequestHeaderMap, randomValue: number, info: StreamInfo | null): RouteEntry | null {
    let best = better(this.#exact.get(path), null, headers, randomValue, info);
    for (const length of this.#lengths) {
      if (length > path.length) break;
      const start = length === path.length ? path : path.slice(0, length);
      best = better(this.#prefixes.get(length)?.get(start), best, headers, randomValue, info);
      if (length === path.length || path.charCodeAt(length) === 0x2f) {
        best = better(this.#separated.get(length)?.get(start), best, headers, randomValue, info);
      }
    }
    return best === null ? null : best.entry;
  }
}

/** The first of `candidates` that matches, if it stands before `best`; otherwise `best`. */
function better(
  candidates: readonly IndexedEntry[] | undefined,
  best: IndexedEntry | null,
  headers: RequestHeaderMap,
  randomValue: number,
  info: StreamInfo | null,
): IndexedEntry | null {
  if (candidates === undefined) return best;
  for (const candidate of candidates) {
    if (best !== null && candidate.order > best.order) return best;
    if (candidate.entry.matches(headers, randomValue, info)) return candidate;
  }
  return best;
}
