import type { Duration } from "@bufbuild/protobuf/wkt";
import type { CompileContext } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import type { Place } from "../../config/place.ts";

/** A timeout in milliseconds, or `defaultMs` if it is absent. A negative one is reported. */
export function compileTimeoutMs<Default>(
  duration: Duration | undefined,
  defaultMs: Default,
  place: Place,
  context: CompileContext,
): number | Default {
  if (duration !== undefined && (duration.seconds < 0n || duration.nanos < 0)) {
    context.error(place, "must not be negative");
  }
  return durationMs(duration, defaultMs);
}
