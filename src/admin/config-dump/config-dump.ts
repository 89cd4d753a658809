import { RE2JS } from "re2js";
import { messageType } from "../../proto/type-registry.ts";
import { type AdminResponse, JSON_TYPE, textResponse } from "../admin-handler.ts";
import type { ConfigSection } from "../config-view.ts";
import type { Json, JsonObject } from "../json-value.ts";
import type { ConfigDumpQuery } from "./config-dump-query.ts";
import { FieldMask, hasFieldAt } from "./field-mask.ts";
import { jsonPieces } from "./json-pieces.ts";

const TYPE_URL = "type.googleapis.com/";

/** A dump whose body is text, made piece by piece. */
export interface ConfigDump extends AdminResponse {
  readonly body: string | Iterable<string>;
}

/** A configuration without its secrets, as `envoy.admin.v3.ConfigDump`; or what is wrong with the query. Takes long for large ones. */
export function configDump(sections: readonly ConfigSection[], query: ConfigDumpQuery): ConfigDump {
  const { resource, mask: maskText } = query;
  const matches = parseNameRegex(query.nameRegex);
  if (typeof matches === "string") return problem(400, matches);
  const mask = maskText === "" ? undefined : new FieldMask(maskText);
  const configs =
    resource === "" ? wholeSections(sections, mask, matches) : oneResource(sections, resource, mask, matches);
  if (typeof configs !== "object") return problem(404, `${resource} not found in config dump\n`);
  if (!Array.isArray(configs)) return problem(400, configs.problem);
  return { status: 200, contentType: JSON_TYPE, body: render(configs) };
}

function problem(status: number, text: string): ConfigDump {
  return { ...textResponse(status, text), body: text };
}

function parseNameRegex(text: string): ((name: string) => boolean) | string {
  if (text === "") return () => true;
  try {
    const regex = RE2JS.compile(text);
    return (name) => regex.matches(name);
  } catch (error) {
    return `Error while parsing name_regex from ${text}: ${error instanceof Error ? error.message : String(error)}\n`;
  }
}

/**
 * Differs from Envoy: the paths of a mask may be of several sections (`bootstrap,static_clusters`), each of which is shown with its own;
 * Envoy shows only sections that have all of them.
 */
function wholeSections(
  sections: readonly ConfigSection[],
  mask: FieldMask | undefined,
  matches: (name: string) => boolean,
): JsonObject[] | { readonly problem: string } {
  const configs = sections.map((section) => sectionJson(section, matches));
  if (mask === undefined || mask.paths.length === 0) return configs;
  const types = sections.map(({ type }) => messageType(type));
  const has = (at: number, path: string): boolean => hasFieldAt(path, types[at], configs[at]);
  const unknown = mask.paths.find((path) => !configs.some((_, at) => has(at, path)));
  if (unknown !== undefined) return unknownPath(mask, unknown);
  return configs.filter((_, at) => mask.paths.some((path) => has(at, path))).map((config) => mask.apply(config));
}

function sectionJson(section: ConfigSection, matches: (name: string) => boolean): JsonObject {
  return {
    "@type": TYPE_URL + section.type,
    ...section.fields,
    ...Object.fromEntries(
      section.resources.flatMap(({ field, elements }): [string, Json][] => {
        const shown = elements.filter(({ name }) => matches(name)).map((element) => element.json);
        return shown.length === 0 ? [] : [[field, shown]];
      }),
    ),
  };
}

/** What no message has, in the words of Envoy's answer and with what is wrong. */
function unknownPath(mask: FieldMask, path: string): { readonly problem: string } {
  const hint = "there is no such field, or it lies within a list, of which resource= shows the elements";
  return {
    problem: `FieldMask ${mask.paths.join(",")} could not be successfully applied to any configs. ${path}: ${hint}\n`,
  };
}

/** Undefined if no section has such a field. */
function oneResource(
  sections: readonly ConfigSection[],
  resource: string,
  mask: FieldMask | undefined,
  matches: (name: string) => boolean,
): JsonObject[] | { readonly problem: string } | undefined {
  for (const section of sections) {
    if (Object.hasOwn(section.fields, resource)) {
      return { problem: `${resource} is not a repeated field. Use ?mask=${resource} to get only this field\n` };
    }
    const found = section.resources.find(({ field }) => field === resource);
    if (found === undefined) continue;
    const elements = found.elements.filter(({ name }) => matches(name)).map(({ json }) => json);
    const type = messageType(section.type)?.fields.find(({ name }) => name === found.field)?.message;
    const unknown = mask?.paths.find((path) => elements.some((json) => !hasFieldAt(path, type, json)));
    if (mask !== undefined && unknown !== undefined) return unknownPath(mask, unknown);
    const typed = elements.map((json): JsonObject => ({ "@type": TYPE_URL + found.type, ...json }));
    return mask === undefined ? typed : typed.map((json) => mask.apply(json));
  }
  return undefined;
}

function* render(configs: readonly JsonObject[]): Generator<string> {
  let separator = '{"configs":[';
  for (const config of configs) {
    yield `${separator}\n`;
    yield* jsonPieces(config);
    separator = ",";
  }
  yield configs.length === 0 ? "{}\n" : "\n]}\n";
}
