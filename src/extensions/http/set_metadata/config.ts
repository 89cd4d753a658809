import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type Config,
  ConfigSchema,
  MetadataSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/set_metadata/v3/set_metadata_pb.js";
import type { SetMetadataData } from "./filter.ts";

/** `envoy.filters.http.set_metadata`, main side. */
export const setMetadataConfig = extensionConfig({
  name: "envoy.filters.http.set_metadata",
  categories: ["envoy.filters.http"],
  schema: ConfigSchema,
  support: [supportAll(ConfigSchema), supportAll(MetadataSchema, { typed_value: notYet(undefined, "use value") })],
  compile: compileConfig,
});

function compileConfig(message: Config, place: Place, context: CompileContext): SetMetadataData {
  const entries: SetMetadataData["entries"][number][] = [];
  // The two deprecated fields are one more entry, which comes first.
  if (message.value !== undefined && message.metadataNamespace !== "") {
    entries.push({ namespace: message.metadataNamespace, overwrite: true, value: message.value });
  }
  for (const [i, { metadataNamespace: namespace, allowOverwrite: overwrite, value }] of message.metadata.entries()) {
    if (value === undefined) context.error(place.field("metadata").index(i), "needs value");
    else entries.push({ namespace, overwrite, value });
  }
  return { entries };
}
