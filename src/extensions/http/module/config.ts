import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { readRegularFile } from "../../../base/read-regular-file.ts";
import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type Module,
  ModulePerRouteSchema,
  ModuleSchema,
} from "../../../proto/gen/troupe/extensions/filters/http/module/v3/module_pb.js";
import { type ModuleData, messageOf } from "./loaded-module.ts";

/**
 * `troupe.filters.http.module`, main side: HTTP filters as plain JavaScript or TypeScript modules.
 * Differs from Envoy: Troupe's own extension; Envoy's nearest are Lua and Wasm.
 */
export const moduleConfig = extensionConfig({
  name: "troupe.filters.http.module",
  categories: ["envoy.filters.http"],
  schema: ModuleSchema,
  routeSchema: ModulePerRouteSchema,
  support: [
    supportAll(ModuleSchema),
    supportAll(ModulePerRouteSchema, {
      disabled: notYet(undefined, "use envoy.config.route.v3.FilterConfig with disabled: true"),
    }),
  ],
  configRequired: true,
  compile: compileModule,
  compileRoute: (message) => message.config ?? null,
});

/** One file; what it imports is not counted. */
const MAX_MODULE_BYTES = 16 * 1024 * 1024;

function compileModule(message: Module, place: Place, context: CompileContext): ModuleData {
  const file = resolve(context.facts.directory, message.file);
  context.dependsOnFile(file);
  let sha256 = "";
  try {
    const bytes = readRegularFile(file, MAX_MODULE_BYTES);
    if (bytes.length > MAX_MODULE_BYTES) throw new Error(`${file} is larger than ${MAX_MODULE_BYTES} bytes`);
    sha256 = createHash("sha256").update(bytes).digest("hex");
  } catch (error) {
    context.error(place.field("file"), `can't read the module: ${messageOf(error)}`);
  }
  return { file, sha256, config: message.config ?? null };
}
