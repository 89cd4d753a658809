import { create, mergeFromBinary, toBinary } from "@bufbuild/protobuf";
import type { StampedFile } from "../../base/file-stamp.ts";
import { type Bootstrap, BootstrapSchema } from "../../proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { SecretSchema } from "../../proto/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import type { CompileRequest } from "../compiler/compile-request.ts";
import type { CompilerTable, SecretChecker } from "../compiler/compiler-table.ts";
import { type CompileEnvironment, ItemCompilation, type PlacedProblem } from "../compiler/item-compilation.ts";
import { readMessage } from "../compiler/item-compiler.ts";
import type { ConfigProblem } from "../config-problem.ts";
import { Place } from "../place.ts";
import type { ConfigSource } from "../source/config-source.ts";
import { type FoundPosition, MAX_MESSAGE_DEPTH } from "../source/source-document.ts";
import { type SupportTables, supportTables } from "../support-walk.ts";
import { compileBootstrap } from "./bootstrap.ts";
import type { BootstrapData } from "./bootstrap-data.ts";
import { BOOTSTRAP_SUPPORT } from "./bootstrap-support.ts";

const TABLES: SupportTables = supportTables(BOOTSTRAP_SUPPORT);

/** What of the layers above compiles parts of the bootstrap. */
export type BootstrapHelpers = { readonly [Part in "secret" | "accessLogs"]?: CompilerTable[Part] | undefined };

/** The settings beside the resources, or undefined after an error, and all that is wrong with them. */
export interface CompiledBootstrap {
  readonly data: BootstrapData | undefined;
  readonly problems: readonly ConfigProblem[];
  /** `CompileFacts.secrets`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Files that secrets name. */
  readonly files: readonly StampedFile[];
}

/**
 * Merges the bootstraps of all sources as protobuf messages merge (later scalars win, lists are appended, messages are merged) and
 * compiles what they say beside their listeners and clusters. Of `environment.facts` only the folder plays a part.
 */
export function compileBootstrapOf(
  sources: readonly ConfigSource[],
  node: CompileRequest["node"],
  environment: CompileEnvironment,
  { secret, accessLogs }: BootstrapHelpers = {},
): CompiledBootstrap {
  const problems: ConfigProblem[] = [];
  const merged = create(BootstrapSchema);
  const checking = new ItemCompilation(environment);
  for (const source of sources) {
    const reading = new ItemCompilation(environment);
    const message = readMessage(BootstrapSchema, source.rest, reading);
    problems.push(...reading.problems.map((problem) => placedProblem(problem, [source])));
    checking.adoptIncomplete(reading);
    if (message !== undefined) {
      const bytes = toBinary(BootstrapSchema, message as Bootstrap);
      mergeFromBinary(BootstrapSchema, merged, bytes, { recursionLimit: MAX_MESSAGE_DEPTH });
    }
  }
  const tables = supportTables([...(secret?.support ?? []), ...(accessLogs?.support ?? [])], TABLES);
  const broken = checking.check(BootstrapSchema, merged, Place.root, tables);
  const secrets = broken ? {} : checkSecrets(merged, checking, secret);
  const usable = !broken && !problems.some(({ severity }) => severity === "error");
  const data = usable ? compileBootstrap(merged, checking, node, accessLogs) : undefined;
  problems.push(...checking.problems.map((problem) => placedProblem(problem, sources)));
  return { data, problems, secrets, files: checking.files };
}

/** Checks the secrets and gives them the form in which listeners and clusters find them. */
function checkSecrets(
  message: Bootstrap,
  context: ItemCompilation,
  checker: SecretChecker | undefined,
): Readonly<Record<string, string>> {
  const secrets = new Map<string, string>();
  const list = Place.root.field("static_resources").field("secrets");
  for (const [index, secret] of (message.staticResources?.secrets ?? []).entries()) {
    const place = list.index(index);
    const name = place.field("name");
    if (secret.name === "")
      context.error(name, "name must not be empty", "sds_secret_config refers to secrets by name");
    if (secrets.has(secret.name)) context.error(name, `duplicate secret name ${JSON.stringify(secret.name)}`);
    checker?.check(secret, place, context);
    secrets.set(secret.name, Buffer.from(toBinary(SecretSchema, secret)).toString("base64"));
  }
  return Object.fromEntries(secrets);
}

/** Names file and line: those of the source that goes furthest towards the place, the last of equal ones. */
function placedProblem(problem: PlacedProblem, sources: readonly ConfigSource[]): ConfigProblem {
  const steps = problem.place.steps();
  let best: { source: ConfigSource; found: FoundPosition } | undefined;
  for (const source of sources) {
    const found = source.locate(steps);
    if (best === undefined || found.matched >= best.found.matched) best = { source, found };
  }
  return {
    severity: problem.severity,
    file: best?.source.file ?? "",
    line: best?.found.line ?? 0,
    column: best?.found.column ?? 0,
    path: problem.place.toString(),
    message: problem.message,
    ...(problem.hint !== undefined && { hint: problem.hint }),
  };
}
