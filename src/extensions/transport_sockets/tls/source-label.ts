import type { DataSource } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";

/** Largest certificate, key, CRL or CA bundle that is read. The bundle of all public CAs takes 220 KB. */
export const LARGEST_PEM_BYTES = 8 * 1024 * 1024;

/** What a data source is called in messages and on `/certs`: its path, its variable or `<inline>`; `""` if it is not set. */
export function sourceLabel(source: DataSource | undefined): string {
  switch (source?.specifier.case) {
    case undefined:
      return "";
    case "filename":
      return source.specifier.value;
    case "environmentVariable":
      return `$${source.specifier.value}`;
    default:
      return "<inline>";
  }
}
