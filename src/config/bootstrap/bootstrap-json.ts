import {
  create,
  type DescMessage,
  fromJson,
  type JsonObject,
  type Message,
  mergeFromBinary,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { type Bootstrap, BootstrapSchema } from "../../proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { ClusterSchema } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { ListenerSchema } from "../../proto/gen/envoy/config/listener/v3/listener_pb.js";
import { typeRegistry } from "../../proto/type-registry.ts";
import type { CompileRequest } from "../compiler/compile-request.ts";
import { canonicalMessage } from "../message/canonical-message.ts";
import { Place } from "../place.ts";
import { type ConfigSource, type LoadedItem, SplitMismatch } from "../source/config-source.ts";
import { type ConfigText, openSource } from "../source/open-source.ts";
import { MAX_MESSAGE_DEPTH, setKey } from "../source/source-document.ts";

/** A configuration that was accepted: its texts as they were read, and what the command line says about the node. */
export interface AcceptedConfig {
  readonly texts: readonly ConfigText[];
  readonly node?: CompileRequest["node"];
}

/** Items loaded at a time. */
const CHUNK_ITEMS = 512;

/**
 * The bootstrap that an accepted configuration amounts to, as canonical proto JSON with the protos' field names; all texts are
 * merged. Takes as long as parsing does. Throws if a text can't be read, which can't be once it was accepted.
 */
export function bootstrapJson(config: AcceptedConfig): JsonObject {
  try {
    return merged(
      config.texts.map((text) => opened(text, true)),
      config.node,
    );
  } catch (error) {
    if (!(error instanceof SplitMismatch)) throw error;
    return merged(
      config.texts.map((text) => opened(text, false)),
      config.node,
    );
  }
}

function opened(text: ConfigText, split: boolean): ConfigSource {
  const { source, problems } = openSource(text, split);
  if (source === undefined) throw new Error(`${text.file}: ${problems[0]?.message}`);
  return source;
}

function merged(sources: readonly ConfigSource[], node: CompileRequest["node"]): JsonObject {
  const rest = create(BootstrapSchema);
  for (const source of sources) {
    const bytes = toBinary(BootstrapSchema, messageOf(BootstrapSchema, source.rest) as Bootstrap);
    mergeFromBinary(BootstrapSchema, rest, bytes, { recursionLimit: MAX_MESSAGE_DEPTH });
  }
  const json = jsonOf(BootstrapSchema, rest);
  if (node?.id !== undefined) setNode(json, "id", node.id);
  if (node?.cluster !== undefined) setNode(json, "cluster", node.cluster);
  if (node?.zone !== undefined) inside(inside(json, "node"), "locality").zone = node.zone;
  const listeners = sources.flatMap((source) => itemsOf(source, "listeners", ListenerSchema));
  const clusters = sources.flatMap((source) => itemsOf(source, "clusters", ClusterSchema));
  const resources = inside(json, "static_resources");
  if (listeners.length > 0) resources.listeners = listeners;
  if (clusters.length > 0) resources.clusters = clusters;
  if (Object.keys(resources).length === 0) delete json.static_resources;
  return json;
}

function setNode(json: JsonObject, field: "id" | "cluster", value: string): void {
  inside(json, "node")[field] = value;
}

/** The object in a field; made if there is none. */
function inside(json: JsonObject, field: string): JsonObject {
  json[field] ??= {};
  return json[field] as JsonObject;
}

function itemsOf(source: ConfigSource, list: "listeners" | "clusters", type: DescMessage): JsonObject[] {
  const items = source.items.filter((item) => item.list === list);
  const result: JsonObject[] = [];
  for (let from = 0; from < items.length; from += CHUNK_ITEMS) {
    for (const loaded of source.load(items.slice(from, from + CHUNK_ITEMS))) {
      result.push(jsonOf(type, messageOf(type, loaded)));
    }
  }
  return result;
}

/** What could not be read is left out, as it was when the configuration was accepted with warnings. */
function messageOf(type: DescMessage, loaded: Pick<LoadedItem, "value" | "message">): Message {
  if (loaded.message !== undefined) return loaded.message;
  const canonical = canonicalMessage(type, loaded.value ?? {}, Place.root, () => {});
  return fromJson(type, canonical ?? {}, { registry: typeRegistry, recursionLimit: MAX_MESSAGE_DEPTH });
}

function jsonOf(type: DescMessage, message: Message): JsonObject {
  try {
    return toJson(type, message, { registry: typeRegistry, useProtoFieldName: true }) as JsonObject;
  } catch (error) {
    // A binary configuration may hold an extension that is not supported, accepted with a warning.
    const json: JsonObject = {};
    const name: unknown = Reflect.get(message, "name");
    if (typeof name === "string") json.name = name;
    setKey(json, "@error", (error as Error).message);
    return json;
  }
}
