/** A moment or length of time as OpenTelemetry's packages have it. */
export type HrTime = [seconds: number, nanoseconds: number];

/** Milliseconds as seconds and nanoseconds. */
export function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
}
