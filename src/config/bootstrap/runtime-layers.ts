import { join } from "node:path";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import {
  type LayeredRuntime,
  LayeredRuntimeSchema,
  type RuntimeLayer,
  RuntimeLayer_AdminLayerSchema,
  RuntimeLayer_DiskLayerSchema,
  RuntimeLayerSchema,
} from "../../proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { readDiskLayer } from "../../runtime/disk-layer.ts";
import { isShare, type RuntimeEntry, type RuntimeLayerData, valueEntry } from "../../runtime/runtime-entry.ts";
import type { CompileContext } from "../compile-context.ts";
import { type MessageSupport, notYet, support, supportAll, yes } from "../field-support.ts";
import type { Place } from "../place.ts";

/** What compiling runtime layers needs to know. */
export interface RuntimeLayersContext extends Pick<CompileContext, "error" | "dependsOnFile"> {
  /** `node.cluster`, with the command line's before the configuration's. */
  readonly serviceCluster: string;
}

/** Built-in keys of Envoy that Troupe does not read. What they would set has no effect, which must be said. */
const UNREAD_KEYS =
  /^(envoy\.(reloadable_features|restart_features|deprecated_features|features)[.:]|overload\.(?!global_downstream_max_connections$)|http\.|outlier_detection\.)/;

/**
 * Compiles `layered_runtime`. Without one there are no layers; with an empty one there is an admin layer without a name, as in Envoy.
 * A disk layer is read here, and watched as the files of certificates are.
 */
export function compileRuntimeLayers(
  message: LayeredRuntime | undefined,
  place: Place,
  context: RuntimeLayersContext & Pick<CompileContext, "warning">,
): RuntimeLayerData[] {
  if (message === undefined) return [];
  if (message.layers.length === 0) return [{ name: "", kind: "admin", entries: [] }];
  const names = new Set<string>();
  let admins = 0;
  return message.layers.map((layer, index) => {
    const at = place.field("layers").index(index);
    if (names.has(layer.name)) context.error(at.field("name"), `duplicate layer name ${JSON.stringify(layer.name)}`);
    names.add(layer.name);
    if (layer.layerSpecifier.case === "adminLayer" && ++admins > 1) {
      context.error(at.field("admin_layer"), "there can be only one admin layer");
    }
    const data = compileLayer(layer, at, context);
    for (const [key] of data.entries) {
      if (UNREAD_KEYS.test(key)) context.warning(at, `the runtime key ${key} has no effect`, "Troupe does not read it");
    }
    return data;
  });
}

function compileLayer(layer: RuntimeLayer, place: Place, context: RuntimeLayersContext): RuntimeLayerData {
  const { name, layerSpecifier: specifier } = layer;
  switch (specifier.case) {
    case "staticLayer": {
      const entries: [string, RuntimeEntry][] = [];
      flatten(specifier.value as JsonObject, "", place.field("static_layer"), context, entries);
      return { name, kind: "static", entries };
    }
    case "diskLayer": {
      const { symlinkRoot, subdirectory, appendServiceCluster } = specifier.value;
      context.dependsOnFile(symlinkRoot);
      const folder = join(symlinkRoot, subdirectory, appendServiceCluster ? context.serviceCluster : "");
      try {
        return { name, kind: "disk", entries: readDiskLayer(folder).entries };
      } catch (error) {
        context.error(place.field("disk_layer"), `can't read the layer: ${(error as Error).message}`);
        return { name, kind: "disk", entries: [] };
      }
    }
    default:
      return { name, kind: "admin", entries: [] };
  }
}

/** Nested maps are one key with dots between its parts. */
function flatten(
  value: JsonObject,
  prefix: string,
  place: Place,
  context: RuntimeLayersContext,
  entries: [string, RuntimeEntry][],
): void {
  for (const [name, inner] of Object.entries(value)) {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const at = place.field(name);
    if (isMap(inner) && !isShare(inner)) {
      flatten(inner, key, at, context, entries);
      continue;
    }
    const entry = valueEntry(inner);
    if (entry === undefined)
      context.error(at, `Invalid runtime entry value for ${key}`, "a number, a text, true or false, or a map of keys");
    else entries.push([key, entry]);
  }
}

function isMap(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Which fields of `LayeredRuntime` are implemented. */
export const runtimeLayersSupport: readonly MessageSupport[] = [
  supportAll(LayeredRuntimeSchema),
  support(RuntimeLayerSchema, {
    name: yes,
    static_layer: yes,
    disk_layer: yes,
    admin_layer: yes,
    rtds_layer: notYet("there is no xDS yet"),
  }),
  supportAll(RuntimeLayer_DiskLayerSchema),
  supportAll(RuntimeLayer_AdminLayerSchema),
];
