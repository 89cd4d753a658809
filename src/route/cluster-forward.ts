import type { RequestHeaderMap } from "../http/header-map.ts";
import type { PathMatcherData } from "../match/path-matcher.ts";
import { pathWithoutQuery } from "../match/path-matcher.ts";
import { RegexRewrite } from "../match/regex-rewrite.ts";
import { wireText } from "../match/wire-text.ts";
import type { ForwardSettings } from "./forward-settings.ts";
import { HashPolicy } from "./hash-policy.ts";
import { createPathRewrite, type PathRewrite } from "./path-rewrite.ts";
import { RateLimitPolicy } from "./rate-limit-policy.ts";
import { rewriteAuthority } from "./rewrite-authority.ts";
import type { ForwardAction } from "./route.ts";
import type { ForwardActionData, HostRewriteData } from "./route-table-data.ts";

/** Where one forward goes: what a weighted cluster may say, or the route itself. */
export interface ForwardTarget {
  /** Used if `header` is `""`. */
  readonly name: string;
  readonly header: string;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  readonly hostRewrite: HostRewriteData | null;
}

/** Forwarding to one cluster. Immutable. */
export class ClusterForward implements ForwardAction {
  readonly type = "forward";
  readonly settings: ForwardSettings;
  readonly idleTimeoutMs: number | undefined;
  readonly hashPolicy: HashPolicy | null;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  readonly autoHostRewrite: boolean;
  readonly upgrades: ReadonlyMap<string, boolean>;
  readonly rateLimits: RateLimitPolicy;
  readonly #clusterName: string;
  readonly #clusterHeader: string;
  readonly #pathRewrite: PathRewrite | null;
  readonly #hostRewrite: ((headers: RequestHeaderMap) => string) | null;

  /** `match` is how the route matched the path. */
  constructor(data: ForwardActionData, target: ForwardTarget, match: PathMatcherData | null) {
    this.settings = data;
    this.idleTimeoutMs = data.idleTimeoutMs === -1 ? undefined : data.idleTimeoutMs;
    this.hashPolicy = data.hashPolicy.length === 0 ? null : new HashPolicy(data.hashPolicy);
    this.metadataMatch = target.metadataMatch;
    this.autoHostRewrite = target.hostRewrite?.type === "auto";
    this.upgrades = new Map(data.upgrades);
    this.rateLimits = RateLimitPolicy.of(data.rateLimits);
    this.#clusterName = target.name;
    this.#clusterHeader = target.header;
    this.#pathRewrite = createPathRewrite(data.pathRewrite, match);
    this.#hostRewrite = createHostRewrite(target.hostRewrite);
  }

  clusterName(headers: RequestHeaderMap): string {
    if (this.#clusterHeader === "") return this.#clusterName;
    // The client may have written this header: only its first value counts.
    return firstValue(headers, this.#clusterHeader);
  }

  /** Rewrites host and path. `keepOriginal` keeps the old values in `x-envoy-original-host` and `…-path`. */
  rewriteRequest(headers: RequestHeaderMap, keepOriginal: boolean): void {
    if (this.#hostRewrite !== null) {
      const host = this.#hostRewrite(headers);
      if (host !== "") rewriteAuthority(headers, host, this.settings.appendXForwardedHost, keepOriginal);
    }
    if (this.#pathRewrite !== null) {
      const path = this.#pathRewrite.rewrite(headers.path);
      if (keepOriginal) headers.set("x-envoy-original-path", headers.path);
      headers.path = path;
    }
  }
}

function firstValue(headers: RequestHeaderMap, name: string): string {
  return (name.startsWith(":") || name === "host" ? headers.lookup(name) : headers.get(name)) ?? "";
}

/** What works out the new host, `""` for none; null if there is nothing to rewrite before a host is chosen. */
function createHostRewrite(data: HostRewriteData | null): ((headers: RequestHeaderMap) => string) | null {
  switch (data?.type) {
    case "literal": {
      const host = wireText(data.value);
      return () => host;
    }
    case "header":
      return (headers) => firstValue(headers, data.name);
    case "pathRegex": {
      const rewrite = new RegexRewrite(data.rewrite);
      return (headers) => rewrite.replaceAll(pathWithoutQuery(headers.path));
    }
    default:
      return null;
  }
}
