import type { Json, JsonObject } from "../json-value.ts";

/** The fields that a mask keeps, as a tree; undefined below a field means all of it. */
interface MaskNode {
  readonly children: Map<string, MaskNode | undefined>;
}

/** A `FieldMask`: comma-separated paths of fields (`name,cluster.type`), in snake case or camel case. */
export class FieldMask {
  readonly #root: MaskNode;

  /** Blank parts are ignored. */
  constructor(text: string) {
    this.#root = { children: new Map() };
    for (const path of text.split(",")) this.#addPath(path.trim());
  }

  /** The part of `json` that the mask keeps; undefined if it keeps nothing of it. `@type` is kept with the rest. */
  apply(json: JsonObject): JsonObject | undefined {
    return trim(json, this.#root);
  }

  #addPath(path: string): void {
    if (path === "") return;
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

function trim(json: JsonObject, node: MaskNode): JsonObject | undefined {
  const kept: [string, Json][] = [];
  for (const [key, value] of Object.entries(json)) {
    const field = camelCase(key);
    if (!node.children.has(field)) continue;
    const below = node.children.get(field);
    const part = below === undefined ? value : trimValue(value, below);
    if (part !== undefined) kept.push([key, part]);
  }
  if (kept.length === 0) return undefined;
  const type = json["@type"];
  return Object.fromEntries(type === undefined ? kept : [["@type", type], ...kept]);
}

/** A mask goes into single messages only; of a list it can keep all or nothing (as in Envoy). */
function trimValue(value: Json, below: MaskNode): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? trim(value as JsonObject, below)
    : undefined;
}

function camelCase(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
