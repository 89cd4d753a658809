import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ClusterLoadAssignmentSchema } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import type { CompileFacts } from "../compile-context.ts";
import type { CompilerTable } from "../compiler/compiler-table.ts";
import { ItemCompilation } from "../compiler/item-compilation.ts";
import { readMessage } from "../compiler/item-compiler.ts";
import type { ConfigProblem } from "../config-problem.ts";
import { ExtensionIndex } from "../extension-index.ts";
import { Place } from "../place.ts";
import { supportTables } from "../support-walk.ts";
import type { ConfigSource } from "./config-source.ts";
import { openSource } from "./open-source.ts";
import { readNamedFile } from "./read-config-file.ts";

/** A file of endpoints, and whose are wanted. Plain, so that it can go to the compiler thread. */
export interface LoadAssignmentRequest {
  readonly path: string;
  /** The `cluster_name` of each wanted assignment. */
  readonly serviceNames: readonly string[];
  readonly facts: CompileFacts;
  readonly allowUnsupported: boolean;
}

/** What is in the file for one name: the assignment as `CompilerTable.loadAssignment` made them, or all that is wrong with it. */
export type LoadAssignmentOutcome =
  | { readonly ok: true; readonly assignment: unknown; readonly versionInfo: string }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

const RESPONSE_HINT = 'resources: [{ "@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment, … }]';

/**
 * Reads and checks a file of EDS clusters: a `DiscoveryResponse` in YAML or JSON. Answers for each wanted name, in their order; what is wrong
 * with the assignment of one name does not touch the others. Never throws for bad input. Compiler thread.
 * Source: Envoy's filesystem subscriptions.
 */
export function compileLoadAssignmentFile(
  table: CompilerTable,
  request: LoadAssignmentRequest,
): LoadAssignmentOutcome[] {
  const response = openResponse(request.path);
  if ("problems" in response) return request.serviceNames.map(() => ({ ok: false, problems: response.problems }));
  const { resources } = response;
  const indexes = new Map<JsonValue | undefined, number>();
  for (const [index, resource] of resources.entries()) {
    const name = isObject(resource) ? nameOf(resource) : undefined;
    if (!indexes.has(name)) indexes.set(name, index);
  }
  const extensions = new ExtensionIndex(table.extensions, supportTables(table.support));
  const tables = supportTables(table.loadAssignment.support, supportTables(table.support));
  return request.serviceNames.map((serviceName) => {
    const index = indexes.get(serviceName);
    if (index !== undefined) {
      return compileAssignment({ table, tables, extensions, request, response, serviceName, index });
    }
    const message = `there is no ClusterLoadAssignment with cluster_name ${JSON.stringify(serviceName)}`;
    return { ok: false, problems: [wholeFile(request.path, message, RESPONSE_HINT)] };
  });
}

/** A file that is a `DiscoveryResponse`, as far as one can tell without looking at its resources. */
interface ResponseFile {
  readonly source: ConfigSource;
  readonly resources: readonly JsonValue[];
  readonly versionInfo: string;
}

function openResponse(path: string): ResponseFile | { readonly problems: readonly ConfigProblem[] } {
  const file = readNamedFile(path);
  if (file.content === undefined) return { problems: [wholeFile(path, file.message, file.hint)] };
  const { source, problems } = openSource({ file: path, content: file.content }, false);
  if (source === undefined) return { problems };
  if (!("value" in source.rest)) {
    return { problems: [wholeFile(path, "binary files are not supported yet", "use YAML or JSON")] };
  }
  const root = source.rest.value;
  const resources = isObject(root) ? root.resources : undefined;
  if (!isObject(root) || !Array.isArray(resources)) {
    return { problems: [wholeFile(path, "this is no DiscoveryResponse", RESPONSE_HINT)] };
  }
  return { source, resources, versionInfo: String(root.version_info ?? root.versionInfo ?? "") };
}

interface WantedAssignment {
  readonly table: CompilerTable;
  readonly tables: ReturnType<typeof supportTables>;
  readonly extensions: ExtensionIndex;
  readonly request: LoadAssignmentRequest;
  readonly response: ResponseFile;
  readonly serviceName: string;
  readonly index: number;
}

function compileAssignment(wanted: WantedAssignment): LoadAssignmentOutcome {
  const { table, tables, extensions, request, response, serviceName, index } = wanted;
  const { source, resources, versionInfo } = response;
  const { facts, allowUnsupported } = request;
  const { "@type": _type, ...value } = resources[index] as JsonObject;
  const compilation = new ItemCompilation({ facts, extensions, allowUnsupported });
  compilation.owner = { kind: "cluster", name: serviceName };
  const message = readMessage(ClusterLoadAssignmentSchema, { value }, compilation);
  let assignment: unknown;
  if (message !== undefined) {
    compilation.check(ClusterLoadAssignmentSchema, message, Place.root, tables);
    const typed = message as Parameters<typeof table.loadAssignment.compile>[0];
    if (compilation.errorCount === 0) assignment = table.loadAssignment.compile(typed, Place.root, compilation);
  }
  if (compilation.errorCount === 0) return { ok: true, assignment, versionInfo };
  const at = Place.root.field("resources").index(index);
  const problems = compilation.problems.map(({ severity, place, message: text, hint }): ConfigProblem => {
    const { line, column } = source.locate(["resources", index, ...place.steps()]);
    const path = place.under(at).toString();
    return { severity, file: source.file, line, column, path, message: text, ...(hint !== undefined && { hint }) };
  });
  return { ok: false, problems };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(resource: JsonObject): JsonValue | undefined {
  return resource.cluster_name ?? resource.clusterName;
}

function wholeFile(file: string, message: string, hint: string | undefined): ConfigProblem {
  return { severity: "error", file, line: 0, column: 0, path: "", message, ...(hint !== undefined && { hint }) };
}
