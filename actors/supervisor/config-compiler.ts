import type { AcceptedConfig } from "../../src/config/bootstrap/bootstrap-json.ts";
import type { ConfigProblem } from "../../src/config/config-problem.ts";
import type { ListeningSocketSpec } from "../../src/listener/listening-socket-spec.ts";

/** What is compiled, compared and applied on its own. Two with the same kind, name and hash are the same. */
export interface Resource {
  readonly kind: string;
  readonly name: string;
  readonly hash: string;
  /** The compiled data, packed with msgpackr. */
  readonly data: Uint8Array;
}

/** A configuration that is right. */
export interface CompiledConfig {
  readonly resources: readonly Resource[];
  /** Names of all extensions that it uses. */
  readonly extensions: readonly string[];
  readonly sockets: readonly ListeningSocketSpec[];
  /** Warnings. */
  readonly problems: readonly ConfigProblem[];
  /** Settings of the running process that this configuration has otherwise, by path. Not empty = refused. */
  readonly needsRestart: readonly string[];
  /** What it was compiled from. */
  readonly source: AcceptedConfig;
}

/** Either a configuration or all that is wrong with it. */
export type CompileOutcome =
  | { readonly ok: true; readonly config: CompiledConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Where a configuration comes from. `label` is shown to people; `text` undefined = the files of the command line. */
export interface ConfigSource {
  readonly label: string;
  readonly text?: string;
}

/** Parses, validates and compiles. Off the main loop if it takes long. Rejects only for faults of its own. */
export interface ConfigCompiler {
  compile(source: ConfigSource): Promise<CompileOutcome>;
}
