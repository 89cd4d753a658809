import { type RuntimeFeatureFlag, RuntimeFeatureFlagSchema } from "../proto/gen/envoy/config/core/v3/base_pb.js";
import type { RuntimeFlagData } from "../runtime/runtime.ts";
import { type MessageSupport, supportAll } from "./field-support.ts";

/** Whether something is switched on: what runtime says, else the flag's default value; yes without a flag. */
export function compileFeatureFlag(flag: RuntimeFeatureFlag | undefined): RuntimeFlagData {
  return { on: flag?.defaultValue ?? true, runtimeKey: flag?.runtimeKey ?? "" };
}

/** Which fields of `RuntimeFeatureFlag` are implemented. */
export const runtimeFeatureFlagSupport: readonly MessageSupport[] = [supportAll(RuntimeFeatureFlagSchema)];
