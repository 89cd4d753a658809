import type { CompiledExtension } from "../config/compile-context.ts";
import type { HeaderMatcherData } from "../match/header-matcher.ts";
import type { MetadataMatcherData } from "../match/metadata-matcher.ts";
import type { FractionData } from "../route/route-table-data.ts";
import type { RuntimeNumberData } from "../runtime/runtime.ts";

/** One configured access log: the logger and the filter before it. Plain data. */
export interface AccessLogData {
  readonly logger: CompiledExtension;
  /** Null = everything is logged. */
  readonly filter: AccessLogFilterData | null;
}

/** How a number is compared with a configured one. */
export interface ComparisonData extends RuntimeNumberData {
  readonly op: "equal" | "atLeast" | "atMost";
}

/** Envoy's `AccessLogFilter` as plain data. */
export type AccessLogFilterData =
  | { readonly type: "statusCode"; readonly comparison: ComparisonData }
  /** In milliseconds. */
  | { readonly type: "duration"; readonly comparison: ComparisonData }
  | { readonly type: "notHealthCheck" }
  | { readonly type: "traceable" }
  | { readonly type: "fraction"; readonly fraction: FractionData; readonly independent: boolean }
  | { readonly type: "and" | "or"; readonly filters: readonly AccessLogFilterData[] }
  | { readonly type: "header"; readonly matcher: HeaderMatcherData }
  /** Bit set of `ResponseFlag`; 0 = any flag. */
  | { readonly type: "responseFlag"; readonly flags: number }
  | { readonly type: "grpcStatus"; readonly statuses: readonly number[]; readonly exclude: boolean }
  | { readonly type: "logType"; readonly types: readonly string[]; readonly exclude: boolean }
  /** Dynamic metadata; `matchIfMissing` is the verdict where the key is not there. */
  | { readonly type: "metadata"; readonly matcher: MetadataMatcherData | null; readonly matchIfMissing: boolean };
