import { type RuntimeFeatureFlag, RuntimeFeatureFlagSchema } from "../proto/gen/envoy/config/core/v3/base_pb.js";
import { type MessageSupport, noEffect, support, yes } from "./field-support.ts";

/** Whether something is switched on: the flag's default value, or yes without a flag. */
export function featureEnabled(flag: RuntimeFeatureFlag | undefined): boolean {
  return flag?.defaultValue ?? true;
}

/** Which fields of `RuntimeFeatureFlag` are implemented. */
export const runtimeFeatureFlagSupport: readonly MessageSupport[] = [
  support(RuntimeFeatureFlagSchema, {
    default_value: yes,
    runtime_key: noEffect("Troupe has no runtime layers: the default value always holds"),
  }),
];
