import type { Locality } from "./lb-host.ts";

/** Equal for equal localities, and sorted as they are. */
export function localityKey({ region, zone, subZone }: Locality): string {
  return `${region}\0${zone}\0${subZone}`;
}
