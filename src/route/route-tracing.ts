import type { CustomTagData } from "../http/custom-tag-data.ts";
import type { RuntimeShareData } from "../runtime/runtime.ts";

/** Which requests are traced. Shares may be changed by runtime. */
export interface SamplingData {
  /** Of those whose client asks for it by `x-client-trace-id`. */
  readonly client: RuntimeShareData;
  /** Of those for which nobody asks. */
  readonly random: RuntimeShareData;
  /** An upper limit on all of it. */
  readonly overall: RuntimeShareData;
}

/** A route's `tracing`: it replaces the sampling of the connection manager and adds to its tags. Plain data. */
export interface RouteTracingData {
  readonly sampling: SamplingData;
  readonly customTags: readonly CustomTagData[];
}
