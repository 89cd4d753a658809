import type { Json } from "../json-value.ts";
import { hiddenField, redact } from "./redact-secrets.ts";

/** How deep lists and objects are gone into; what is below comes in one piece. `config.bootstrap.static_resources.clusters[i]` is 4. */
const SPLIT_LEVELS = 4;

/**
 * A dumped configuration without its secrets as `JSON.stringify(…, undefined, 1)` would print it, in pieces of about a resource each:
 * neither a second copy nor the whole text is held.
 */
export function* jsonPieces(json: Json, level = 0): Generator<string> {
  if (level === SPLIT_LEVELS || typeof json !== "object" || json === null) {
    yield indented(redact(json), level);
    return;
  }
  const [open, close] = isList(json) ? "[]" : "{}";
  let separator = open;
  for (const [key, value] of Object.entries(json)) {
    yield `${separator}\n${" ".repeat(level + 1)}${isList(json) ? "" : `${JSON.stringify(key)}: `}`;
    const hidden = isList(json) ? undefined : hiddenField(json, key, value);
    if (hidden === undefined) yield* jsonPieces(value, level + 1);
    else yield indented(hidden, level + 1);
    separator = ",";
  }
  yield separator === open ? `${open}${close}` : `\n${" ".repeat(level)}${close}`;
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

function indented(json: Json, level: number): string {
  return JSON.stringify(json, undefined, 1).replaceAll("\n", `\n${" ".repeat(level)}`);
}
