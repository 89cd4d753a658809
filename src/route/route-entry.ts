import type { RequestHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import { HeaderMatcher, matchesAllHeaders } from "../match/header-matcher.ts";
import { QueryParameterMatcher } from "../match/query-parameter-matcher.ts";
import type { Runtime, RuntimeNumberData } from "../runtime/runtime.ts";
import { ClusterForward } from "./cluster-forward.ts";
import { isInFraction } from "./fraction.ts";
import { LocationRedirect } from "./redirect-location.ts";
import type { Route, RouteAction, VirtualHost } from "./route.ts";
import type { RouteLevel } from "./route-level.ts";
import type { ClusterSpecifierData, ForwardActionData, FractionData, RouteData } from "./route-table-data.ts";
import { StreamConditions } from "./stream-conditions.ts";
import { createMetadata, type RouteFacts, TableRoute } from "./table-route.ts";

type WeightedData = Extract<ClusterSpecifierData, { type: "weighted" }>;

/** One entry of a virtual host's `routes`: conditions other than the path, and the routes it may lead to. Immutable. */
export class RouteEntry {
  readonly #headers: readonly HeaderMatcher[];
  readonly #queryParameters: readonly QueryParameterMatcher[];
  readonly #grpc: boolean;
  readonly #fraction: FractionData | null;
  readonly #runtime: Runtime;
  readonly #stream: StreamConditions | null;
  /** Whether the path alone decides. */
  readonly #unconditional: boolean;
  /** Where all requests go, or how they are split. */
  readonly #target: Route | WeightedSplit;

  /** `level` is the virtual host's. */
  constructor(data: RouteData, virtualHost: VirtualHost, level: RouteLevel) {
    this.#headers = data.match.headers.map((matcher) => new HeaderMatcher(matcher));
    this.#queryParameters = data.match.queryParameters.map((matcher) => new QueryParameterMatcher(matcher));
    this.#grpc = data.match.grpc;
    this.#fraction = data.match.fraction;
    this.#runtime = level.runtime;
    this.#stream = StreamConditions.of(data.match);
    this.#unconditional =
      this.#headers.length === 0 &&
      this.#queryParameters.length === 0 &&
      !this.#grpc &&
      this.#fraction === null &&
      this.#stream === null;
    const own = level.extend(data);
    const facts = routeFacts(data);
    const make = (action: RouteAction, at: RouteLevel): Route => new TableRoute(facts, virtualHost, at, action);
    if (data.action.type === "forward" && data.action.cluster.type === "weighted") {
      this.#target = new WeightedSplit(data, data.action, data.action.cluster, own, make);
    } else {
      this.#target = make(createAction(data), own);
    }
  }

  /** Whether everything but the path matches. `randomValue` is a uniform integer in [0, 2^32); `info` null = nothing is known of the stream. */
  matches(headers: RequestHeaderMap, randomValue: number, info: StreamInfo | null): boolean {
    if (this.#unconditional) return true;
    const fraction = this.#fraction;
    if (fraction !== null && !isInFraction(this.#runtime.share(fraction), randomValue)) return false;
    if (this.#grpc && !isGrpcRequest(headers)) return false;
    if (!matchesAllHeaders(this.#headers, headers)) return false;
    for (const matcher of this.#queryParameters) if (!matcher.matches(headers.path)) return false;
    return this.#stream === null || this.#stream.matches(info);
  }

  /** The route for a request that matched. */
  pick(headers: RequestHeaderMap, randomValue: number): Route {
    const target = this.#target;
    return target instanceof WeightedSplit ? target.pick(headers, randomValue) : target;
  }
}

/** Whether a request is gRPC, by its content type. */
export function isGrpcRequest(headers: RequestHeaderMap): boolean {
  const type = headers.get("content-type");
  return type !== undefined && (type === "application/grpc" || /^application\/grpc[+;]/.test(type));
}

function routeFacts(data: RouteData): RouteFacts {
  return {
    name: data.name,
    statPrefix: data.statPrefix,
    metadata: createMetadata(data.metadata),
    decoratorOperation: data.decoratorOperation,
    decoratorPropagate: data.decoratorPropagate,
    tracing: data.tracing,
    requestBufferLimitBytes: data.requestBufferLimitBytes === -1 ? undefined : data.requestBufferLimitBytes,
  };
}

function createAction(data: RouteData): RouteAction {
  const action = data.action;
  switch (action.type) {
    case "forward": {
      const { cluster, hostRewrite, metadataMatch } = action;
      const name = cluster.type === "name" ? cluster.name : "";
      const header = cluster.type === "header" ? cluster.header : "";
      return new ClusterForward(action, { name, header, hostRewrite, metadataMatch }, data.match.path);
    }
    case "redirect":
      return new LocationRedirect(action, data.match.path);
    case "directResponse":
      return { type: "directResponse", status: action.status, body: Buffer.from(action.body) };
    case "nonForwarding":
      return action;
  }
}

/** Splits requests over weighted clusters, each of which is a route of its own. */
class WeightedSplit {
  readonly #routes: readonly Route[];
  readonly #weights: readonly RuntimeNumberData[];
  /** Sums of the configured weights up to and including each cluster. */
  readonly #bounds: readonly number[];
  readonly #runtime: Runtime;
  readonly #mayChange: boolean;
  readonly #randomHeader: string;

  constructor(
    data: RouteData,
    action: ForwardActionData,
    weighted: WeightedData,
    level: RouteLevel,
    make: (action: RouteAction, at: RouteLevel) => Route,
  ) {
    this.#randomHeader = weighted.randomHeader;
    this.#runtime = level.runtime;
    this.#weights = weighted.clusters.map(({ weight }) => weight);
    this.#mayChange = this.#weights.some(({ runtimeKey }) => runtimeKey !== "");
    this.#bounds = sums(this.#weights.map(({ value }) => value));
    this.#routes = weighted.clusters.map((cluster) => {
      const literal = cluster.hostRewriteLiteral;
      const target = {
        name: cluster.name,
        header: cluster.header,
        metadataMatch: cluster.metadataMatch,
        hostRewrite: literal === "" ? action.hostRewrite : { type: "literal" as const, value: literal },
      };
      return make(new ClusterForward(action, target, data.match.path), level.extend(cluster));
    });
  }

  pick(headers: RequestHeaderMap, randomValue: number): Route {
    const bounds = this.#presentBounds();
    const point = this.#point(headers, randomValue, bounds.at(-1)!);
    for (let i = 0; i < bounds.length; i++) if (point < bounds[i]!) return this.#routes[i]!;
    return this.#routes.at(-1)!;
  }

  /** Weights that runtime leaves without any sum don't count. */
  #presentBounds(): readonly number[] {
    if (!this.#mayChange) return this.#bounds;
    const bounds = sums(this.#weights.map((weight) => this.#runtime.integer(weight)));
    return bounds.at(-1) === 0 ? this.#bounds : bounds;
  }

  /** By the configured header's number if the request has one, so that a client's requests can stay together. */
  #point(headers: RequestHeaderMap, randomValue: number, totalWeight: number): number {
    const text = this.#randomHeader === "" ? undefined : headers.get(this.#randomHeader);
    if (text === undefined || !/^\d{1,20}$/.test(text)) return randomValue % totalWeight;
    return text.length < 16 ? Number(text) % totalWeight : Number(BigInt(text) % BigInt(totalWeight));
  }
}

/** The sum of the numbers up to and including each. */
function sums(numbers: readonly number[]): number[] {
  let sum = 0;
  return numbers.map((number) => {
    sum += number;
    return sum;
  });
}
