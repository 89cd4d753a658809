import type { AdminHandler } from "../admin-handler.ts";
import type { ConfigView } from "../config-view.ts";

/** Parsing and printing a large configuration takes some seconds. */
const DEADLINE_MS = 60_000;

/** `/config_dump`: what is in force, without secrets, as `envoy.admin.v3.ConfigDump`. */
export function configDumpHandler(view: ConfigView): AdminHandler {
  return {
    path: "/config_dump",
    access: "read",
    help: "dump current configuration",
    params: [
      { name: "resource", help: "The repeated field to dump, such as static_clusters", kind: "text" },
      { name: "mask", help: "The fields to keep, of each resource if one is named", kind: "text" },
      {
        name: "name_regex",
        help: "Regular expression (RE2) that names of resources must match as a whole",
        kind: "text",
      },
      { name: "include_eds", help: "Include the endpoints in force, with their health", kind: "flag" },
    ],
    deadlineMs: DEADLINE_MS,
    handle: ({ params }) =>
      view.dump({
        resource: params.get("resource") ?? "",
        mask: params.get("mask") ?? "",
        nameRegex: params.get("name_regex") ?? "",
        includeEds: params.has("include_eds"),
      }),
  };
}
