import type { RandomSource } from "../../../base/random.ts";
import { FilterHeadersStatus } from "../../../http/filter.ts";
import { type RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { isInFraction } from "../../../route/fraction.ts";
import type { Route } from "../../../route/route.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { allowsOrigin, type CorsPolicy, corsField } from "./cors-policy.ts";
import type { CorsStats } from "./stats.ts";

/** What the streams of one configured filter on one worker share. */
export interface CorsRuntime {
  readonly stats: CorsStats;
  readonly random: RandomSource;
  readonly values: Runtime;
}

/**
 * Answers preflight requests and tells browsers which origins may read a response, by the policies of the route. The most specific
 * level that has a field counts. Source: Envoy's `CorsFilter` and the Fetch standard.
 */
export class CorsFilter extends PassThroughFilter {
  readonly #runtime: CorsRuntime;
  #levels: readonly CorsPolicy[] = [];
  /** The request's origin, if the response is to allow it. */
  #allowedOrigin = "";

  constructor(runtime: CorsRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const origin = headers.get("origin") ?? "";
    if (origin === "") return FilterHeadersStatus.continue;
    const route = this.decoder.route() as Route | null;
    if (route === null || route.action.type !== "forward") return FilterHeadersStatus.continue;
    this.#levels = this.decoder.perFilterConfigs() as readonly CorsPolicy[];
    const policy = this.#levels.at(-1)?.data;
    if (policy === undefined) return FilterHeadersStatus.continue;
    const { random, stats, values } = this.#runtime;
    const enabled = policy.enabled === null || isInFraction(values.share(policy.enabled), random.uint32());
    const shadow = policy.shadowEnabled !== null && isInFraction(values.share(policy.shadowEnabled), random.uint32());
    if (!enabled && !shadow) return FilterHeadersStatus.continue;
    const allowed = allowsOrigin(this.#levels, origin);
    (allowed ? stats.originValid : stats.originInvalid).inc();
    if (!enabled) return FilterHeadersStatus.continue;
    if (allowed) this.#allowedOrigin = origin;
    return this.#preflight(headers, allowed);
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    if (this.#allowedOrigin === "") return FilterHeadersStatus.continue;
    headers.set("access-control-allow-origin", this.#allowedOrigin);
    if (this.#has("allowCredentials")) headers.set("access-control-allow-credentials", "true");
    const expose = corsField(this.#levels, "exposeHeaders");
    if (expose !== undefined) headers.set("access-control-expose-headers", expose);
    return FilterHeadersStatus.continue;
  }

  #preflight(request: RequestHeaderMap, allowed: boolean): FilterHeadersStatus {
    const method = request.get("access-control-request-method") ?? "";
    if (request.method !== "OPTIONS" || method === "") return FilterHeadersStatus.continue;
    const levels = this.#levels;
    if (!allowed && (corsField(levels, "forwardNotMatchingPreflights") ?? true)) return FilterHeadersStatus.continue;
    const response = new ResponseHeaderMap(200);
    if (allowed) response.add("access-control-allow-origin", this.#allowedOrigin);
    if (this.#has("allowCredentials")) response.add("access-control-allow-credentials", "true");
    addAllowed(response, "access-control-allow-methods", corsField(levels, "allowMethods"), method);
    const asked = request.get("access-control-request-headers") ?? "";
    addAllowed(response, "access-control-allow-headers", corsField(levels, "allowHeaders"), asked);
    const maxAge = corsField(levels, "maxAge");
    if (maxAge !== undefined) response.add("access-control-max-age", maxAge);
    if (this.#has("allowPrivateNetworkAccess") && request.get("access-control-request-private-network") === "true") {
      response.add("access-control-allow-private-network", "true");
    }
    this.decoder.encodeHeaders(response, true, "cors_response");
    return FilterHeadersStatus.stopIteration;
  }

  #has(name: "allowCredentials" | "allowPrivateNetworkAccess"): boolean {
    return corsField(this.#levels, name) === true;
  }
}

/** `*` allows whatever was asked for. */
function addAllowed(response: ResponseHeaderMap, name: string, allowed: string | undefined, asked: string): void {
  if (allowed === undefined) return;
  const value = allowed === "*" ? asked : allowed;
  if (value !== "") response.add(name, value);
}
