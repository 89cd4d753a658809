import { create, mergeFromBinary, toBinary } from "@bufbuild/protobuf";
import { type Bootstrap, BootstrapSchema } from "../proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { compileBootstrap } from "./bootstrap.ts";
import type { BootstrapData } from "./bootstrap-data.ts";
import { BOOTSTRAP_SUPPORT } from "./bootstrap-support.ts";
import type { CompileRequest } from "./compile-request.ts";
import type { ConfigProblem } from "./config-problem.ts";
import type { ConfigSource } from "./config-source.ts";
import { type CompileEnvironment, ItemCompilation, type PlacedProblem } from "./item-compilation.ts";
import { readMessage } from "./item-compiler.ts";
import { Place } from "./place.ts";
import { type FoundPosition, MAX_MESSAGE_DEPTH } from "./source-document.ts";
import { type SupportTables, supportTables } from "./support-walk.ts";

const tables: SupportTables = supportTables(BOOTSTRAP_SUPPORT);

/** The settings beside the resources, or undefined after an error, and all that is wrong with them. */
export interface CompiledBootstrap {
  readonly data: BootstrapData | undefined;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Merges the bootstraps of all sources as protobuf messages merge (later scalars win, lists are appended, messages are merged) and
 * compiles what they say beside their listeners and clusters. `environment.facts` plays no part.
 */
export function compileBootstrapOf(
  sources: readonly ConfigSource[],
  node: CompileRequest["node"],
  environment: CompileEnvironment,
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
  const broken = checking.check(BootstrapSchema, merged, Place.root, tables);
  const usable = !broken && !problems.some(({ severity }) => severity === "error");
  const data = usable ? compileBootstrap(merged, checking) : undefined;
  problems.push(...checking.problems.map((problem) => placedProblem(problem, sources)));
  const withNode = data && {
    ...data,
    node: {
      ...data.node,
      ...(node?.id !== undefined && { id: node.id }),
      ...(node?.cluster !== undefined && { cluster: node.cluster }),
      ...(node?.zone !== undefined && { zone: node.zone }),
    },
  };
  return { data: withNode, problems };
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
