/** A `resource_detectors` entry, checked. Plain data. */
export type ResourceDetectorData =
  | { readonly type: "environment" }
  | { readonly type: "static"; readonly attributes: readonly (readonly [string, string])[] };

const VARIABLE = "OTEL_RESOURCE_ATTRIBUTES";

/**
 * The attributes of the resource that spans belong to: `service.name`, and over it what each detector finds, in order. Empty values change
 * nothing. Source: Envoy's `ResourceProviderImpl`.
 * Differs from Envoy: without the variable `OTEL_RESOURCE_ATTRIBUTES`, or with an entry in it that is no `key=value`, the rest still holds.
 */
export function resourceAttributes(
  serviceName: string,
  detectors: readonly ResourceDetectorData[],
  environment: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const attributes = new Map([["service.name", serviceName]]);
  for (const detector of detectors) {
    const found = detector.type === "static" ? detector.attributes : readList(environment.get(VARIABLE) ?? "");
    for (const [name, value] of found) if (value !== "") attributes.set(name, value);
  }
  return attributes;
}

/** `key=value,key=value`. */
function readList(text: string): [string, string][] {
  return text.split(",").flatMap((pair): [string, string][] => {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(0, equals)).trim();
    return name === "" ? [] : [[name, pair.slice(equals + 1).trim()]];
  });
}
