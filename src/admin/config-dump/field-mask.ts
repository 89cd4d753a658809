import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { messageType } from "../../proto/type-registry.ts";
import type { Json, JsonObject } from "../json-value.ts";

/** The fields that a mask keeps, as a tree; undefined below a field means all of it. */
interface MaskNode {
  readonly children: Map<string, MaskNode | undefined>;
}

const ANY = "google.protobuf.Any";

/** A `FieldMask`: comma-separated paths of fields (`name,cluster.type`), in snake case or camel case. */
export class FieldMask {
  /** As they were written. */
  readonly paths: readonly string[];
  readonly #root: MaskNode;

  /** Blank parts are ignored. */
  constructor(text: string) {
    this.#root = { children: new Map() };
    this.paths = text
      .split(",")
      .map((path) => path.trim())
      .filter((path) => path !== "");
    for (const path of this.paths) this.#addPath(path);
  }

  /** The part of `json` that the mask keeps. Messages on the way stay, if need be empty; `@type` is kept too. */
  apply(json: JsonObject): JsonObject {
    return this.paths.length === 0 ? json : trim(json, this.#root);
  }

  #addPath(path: string): void {
    let node = this.#root;
    const fields = path.split(".").map(camelCase);
    for (const [i, field] of fields.entries()) {
      const known = node.children.get(field);
      if (node.children.has(field) && known === undefined) return;
      if (i === fields.length - 1) {
        node.children.set(field, undefined);
        return;
      }
      const next: MaskNode = known ?? { children: new Map() };
      node.children.set(field, next);
      node = next;
    }
  }
}

/**
 * Whether messages of this type have the field at `path`, set or not. A path goes into single messages only, not into lists; what is
 * within an `Any` is looked for in what `json` holds there, and may be anything where that is nothing.
 */
export function hasFieldAt(path: string, type: DescMessage | undefined, json: Json | undefined): boolean {
  let message = type;
  let at: Json | undefined = json;
  const names = path.split(".");
  for (const [i, name] of names.entries()) {
    if (message?.typeName === ANY) {
      const inner = typeOfAny(at);
      if (inner === undefined) return true;
      message = inner;
    }
    const field = message?.fields.find((each) => each.name === name || each.jsonName === name);
    if (field === undefined) return false;
    if (i === names.length - 1) return true;
    message = singleMessage(field);
    at = asObject(at)[field.name] ?? asObject(at)[field.jsonName];
  }
  return false;
}

function typeOfAny(json: Json | undefined): DescMessage | undefined {
  const url = asObject(json)["@type"];
  return typeof url === "string" ? messageType(url.slice(url.lastIndexOf("/") + 1)) : undefined;
}

function singleMessage(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" ? field.message : undefined;
}

function asObject(json: Json | undefined): JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as JsonObject) : {};
}

function trim(json: JsonObject, node: MaskNode): JsonObject {
  const kept: [string, Json][] = [];
  for (const [key, value] of Object.entries(json)) {
    const field = camelCase(key);
    if (!node.children.has(field)) continue;
    const below = node.children.get(field);
    const part = below === undefined ? value : trimValue(value, below);
    if (part !== undefined) kept.push([key, part]);
  }
  const type = json["@type"];
  return Object.fromEntries(type === undefined ? kept : [["@type", type], ...kept]);
}

/** A mask goes into single messages only; of a list it can keep all or nothing (as in Envoy). */
function trimValue(value: Json, below: MaskNode): Json | undefined {
  if (Array.isArray(value)) return undefined;
  // A message whose JSON is no object, such as a duration, can't be divided.
  return typeof value === "object" && value !== null ? trim(value as JsonObject, below) : value;
}

function camelCase(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
