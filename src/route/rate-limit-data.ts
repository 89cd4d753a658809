import type { HeaderMatcherData } from "../match/header-matcher.ts";
import type { MetadataPath } from "../match/metadata-path.ts";
import type { QueryParameterMatcherData } from "../match/query-parameter-matcher.ts";

/** Envoy's `config.route.v3.RateLimit`, checked: how a route makes one descriptor. Plain data. */
export interface RateLimitData {
  /** Only filters of this stage take it. Default 0. */
  readonly stage: number;
  /** `disable_key`: runtime can switch it off by this name; `""` = it can't. */
  readonly disableKey: string;
  /** Each gives an entry of the descriptor, in order. */
  readonly actions: readonly RateLimitActionData[];
  /** Where dynamic metadata may hold another limit than the service's; null if nowhere. */
  readonly limitFrom: MetadataPath | null;
}

/** One of the `actions`. */
export type RateLimitActionData =
  /** An entry that is always the same: `generic_key`, `source_cluster`. */
  | { readonly type: "constant"; readonly key: string; readonly value: string }
  | { readonly type: "destinationCluster" }
  | { readonly type: "header"; readonly name: string; readonly key: string; readonly skipIfAbsent: boolean }
  | { readonly type: "remoteAddress" }
  | { readonly type: "maskedRemoteAddress"; readonly v4Bits: number; readonly v6Bits: number }
  | {
      readonly type: "headerMatch";
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly headers: readonly HeaderMatcherData[];
    }
  | {
      readonly type: "queryMatch";
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly parameters: readonly QueryParameterMatcherData[];
    }
  | {
      readonly type: "metadata";
      readonly key: string;
      readonly source: "dynamic" | "route";
      readonly path: MetadataPath;
      readonly defaultValue: string;
      readonly skipIfAbsent: boolean;
    };
