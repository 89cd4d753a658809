import { resolve } from "node:path";
import { fromBinary, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { readRegularFile } from "../../../base/read-regular-file.ts";
import type { CompileContext } from "../../../config/compile-context.ts";
import { dataSourceSupport } from "../../../config/data-source.ts";
import { canonicalMessage } from "../../../config/message/canonical-message.ts";
import { checkRules } from "../../../config/message/message-rules.ts";
import { Place } from "../../../config/place.ts";
import { parseJson } from "../../../config/source/json-document.ts";
import { parseYaml } from "../../../config/source/yaml-document.ts";
import { supportTables, walkSupport } from "../../../config/support-walk.ts";
import {
  type SdsSecretConfig,
  type Secret,
  SecretSchema,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import { typeRegistry } from "../../../proto/type-registry.ts";
import { matcherSupport } from "../../../route/compile/matchers.ts";
import { LARGEST_PEM_BYTES } from "./source-label.ts";
import { SECRET_SUPPORT } from "./tls-support.ts";

const SECRET_TABLES = supportTables([...SECRET_SUPPORT, ...dataSourceSupport, ...matcherSupport]);

/** A secret with the context in which it is to be compiled: one that reports at the place of the reference. */
export interface FoundSecret {
  readonly secret: Secret;
  readonly place: Place;
  readonly context: CompileContext;
}

/**
 * Finds the secret that an `SdsSecretConfig` means: without `sds_config` one of `static_resources.secrets`, else the one of that
 * name in a file (`path_config_source`), which is a discovery response with `Secret` resources. Undefined after an error.
 */
export function findSecret(message: SdsSecretConfig, place: Place, context: CompileContext): FoundSecret | undefined {
  const source = message.sdsConfig?.configSourceSpecifier;
  if (message.sdsConfig === undefined) {
    const bytes = Object.hasOwn(context.facts.secrets, message.name) ? context.facts.secrets[message.name] : undefined;
    if (bytes === undefined) {
      const hint = "add it to static_resources.secrets, or say with sds_config where it is";
      context.error(place.field("name"), `there is no secret named ${JSON.stringify(message.name)}`, hint);
      return undefined;
    }
    // What is wrong with it is reported where it stands.
    return { secret: fromBinary(SecretSchema, Buffer.from(bytes, "base64")), place, context: silent(context) };
  }
  if (source?.case !== "pathConfigSource" && source?.case !== "path") return undefined;
  const path = resolve(context.facts.directory, source.case === "path" ? source.value : source.value.path);
  const at = place.field("sds_config");
  context.dependsOnFile(path);
  const secret = readSecret(path, message.name, at, context);
  return secret && { secret, place: at, context: prefixed(context, at, path, secret.name) };
}

function readSecret(path: string, name: string, place: Place, context: CompileContext): Secret | undefined {
  const resources = readResources(path, place, context);
  if (resources === undefined) return undefined;
  for (const resource of resources) {
    const secret = readResource(resource, path, place, context);
    if (secret === null) return undefined;
    if (secret?.name === name || (name === "" && resources.length === 1)) return secret;
  }
  context.error(place, `there is no secret named ${JSON.stringify(name)} in ${path}`);
  return undefined;
}

function readResources(path: string, place: Place, context: CompileContext): JsonValue[] | undefined {
  const example = "a file with `resources:`, each a secret with its @type";
  try {
    const bytes = readRegularFile(path, LARGEST_PEM_BYTES);
    if (bytes.length > LARGEST_PEM_BYTES) throw new Error(`larger than ${LARGEST_PEM_BYTES} bytes`);
    const text = bytes.toString("utf8");
    const { document, problems } = path.endsWith(".json") ? parseJson(text) : parseYaml(text);
    if (document === undefined) {
      const [problem] = problems;
      context.error(place, `${path}:${problem!.position.line}:${problem!.position.column}: ${problem!.message}`);
      return undefined;
    }
    const { root } = document;
    const resources = typeof root === "object" && root !== null && !Array.isArray(root) ? root.resources : undefined;
    if (Array.isArray(resources)) return resources;
    context.error(place, `${path} has no resources`, example);
  } catch (error) {
    context.error(place, `can't read ${path}: ${error instanceof Error ? error.message : String(error)}`, example);
  }
  return undefined;
}

/** Undefined for what is no secret, null after an error. */
function readResource(
  resource: JsonValue,
  path: string,
  place: Place,
  context: CompileContext,
): Secret | undefined | null {
  const type = typeof resource === "object" && resource !== null && !Array.isArray(resource) ? resource["@type"] : "";
  if (typeof type !== "string" || !type.endsWith(`/${SecretSchema.typeName}`)) return undefined;
  let wrong = false;
  const report = (at: Place, message: string, hint?: string): void => {
    wrong = true;
    context.error(place, `in ${path}: ${at}: ${message}`, hint);
  };
  const canonical = canonicalMessage(SecretSchema, resource, Place.root, report);
  if (wrong || canonical === undefined) return null;
  const secret = fromJson(SecretSchema, canonical, { registry: typeRegistry });
  checkRules(SecretSchema, secret, Place.root, report, () => false);
  const visitor = { unsupported: report, any() {} };
  walkSupport(SecretSchema, secret, Place.root, SECRET_TABLES, visitor);
  return wrong ? null : secret;
}

/** A context that reports nothing, for what has been reported elsewhere. */
function silent(context: CompileContext): CompileContext {
  return derived(context, { error() {}, warning() {}, unsupported() {} });
}

/** A context that reports all at one place, with the name of the secret and the path of the setting in it. */
function prefixed(context: CompileContext, place: Place, path: string, name: string): CompileContext {
  const depth = place.steps().length;
  const text = (at: Place, message: string): string => {
    const inner = at.steps().slice(depth).join(".");
    return `in ${path}: secret ${JSON.stringify(name)}${inner === "" ? "" : `, ${inner}`}: ${message}`;
  };
  return derived(context, {
    error: (at, message, hint) => context.error(place, text(at, message), hint),
    warning: (at, message, hint) => context.warning(place, text(at, message), hint),
    unsupported: (at, message, hint) => context.unsupported(place, text(at, message), hint),
  });
}

function derived(
  context: CompileContext,
  reports: Pick<CompileContext, "error" | "warning" | "unsupported">,
): CompileContext {
  return {
    facts: context.facts,
    owner: context.owner,
    allowsUnsupported: context.allowsUnsupported,
    dependsOnFile: (path) => context.dependsOnFile(path),
    extension: (category, config, place) => context.extension(category, config, place),
    firstExtension: (category, candidates) => context.firstExtension(category, candidates),
    routeExtension: (config, place) => context.routeExtension(config, place),
    addResource: (kind, name, data) => context.addResource(kind, name, data),
    requireResource: (kind, name, place, use) => context.requireResource(kind, name, place, use),
    refuseUse: (use, reason) => context.refuseUse(use, reason),
    ...reports,
  };
}
