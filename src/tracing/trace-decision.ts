import type { RequestHeaderMap } from "../http/header-map.ts";
import type { TraceReason } from "../http/span.ts";
import { isInFraction } from "../route/fraction.ts";
import type { SamplingData } from "../route/route-tracing.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Where a version 4 UUID has its version; Envoy keeps the decision there, so that the next proxies know it. */
const REASON_AT = 14;
const REASON_OF: Readonly<Record<string, TraceReason>> = { "9": "sampling", a: "serviceForced", b: "clientForced" };
const MARKS: Readonly<Record<TraceReason, string>> = {
  notTraceable: "4",
  sampling: "9",
  serviceForced: "a",
  clientForced: "b",
};
const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
/** So fine are random and overall sampling. */
const STEPS = 10_000;

/**
 * Decides by `x-request-id` whether a request is traced, and writes the decision into that header, if `packReason`. What a proxy before this one has
 * decided holds, as far as `overall` allows. A request without an id, or with one that is no UUID, is not traced. Source: Envoy's
 * `mutateTracingRequestHeader` and its UUID request id extension.
 */
export function decideTrace(
  headers: RequestHeaderMap,
  sampling: SamplingData,
  runtime: Runtime,
  randomValue: () => number,
  packReason = true,
): TraceReason {
  const id = headers.get("x-request-id");
  if (id === undefined || !UUID.test(id)) return "notTraceable";
  const point = Number.parseInt(id.slice(0, 8), 16) % STEPS;
  const before = REASON_OF[id[REASON_AT]!] ?? "notTraceable";
  let reason = before;
  if (reason === "notTraceable") {
    if (headers.has("x-client-trace-id") && isInFraction(runtime.share(sampling.client), randomValue())) {
      reason = "clientForced";
    } else if (headers.has("x-envoy-force-trace")) reason = "serviceForced";
    else if (isInFraction(runtime.share(sampling.random), point)) reason = "sampling";
  }
  if (reason !== "notTraceable" && !isInFraction(runtime.share(sampling.overall), point)) reason = "notTraceable";
  if (reason !== before && packReason) {
    headers.set("x-request-id", id.slice(0, REASON_AT) + MARKS[reason] + id.slice(REASON_AT + 1));
  }
  return reason;
}
