import type { Duration } from "@bufbuild/protobuf/wkt";

/** A protobuf duration in milliseconds (fractions kept), or `defaultMs` if it is absent. */
export function durationMs<Default>(duration: Duration | undefined, defaultMs: Default): number | Default {
  if (duration === undefined) return defaultMs;
  return Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
