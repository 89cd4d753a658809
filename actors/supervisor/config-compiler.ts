import type { AcceptedConfig } from "../../src/config/bootstrap-json.ts";
import type { ConfigProblem } from "../../src/config/config-problem.ts";
import type { Address } from "../../src/net/address.ts";

/** What is compiled, compared and applied on its own. Two with the same kind, name and hash are the same. */
export interface Resource {
  readonly kind: string;
  readonly name: string;
  readonly hash: string;
  /** The compiled data, packed with msgpackr. */
  readonly data: Uint8Array;
}

/** One address to listen on. Two with the same key are the same listening socket. */
export interface ListeningSocketSpec {
  readonly key: string;
  /** Name of the listener it belongs to. */
  readonly listener: string;
  readonly address: Address;
  readonly ipv6Only: boolean;
  readonly backlog: number;
  /** `exact`: the main thread accepts and hands connections out evenly. Without meaning for a Unix-domain address. */
  readonly balance: "reusePort" | "exact";
}

/** A configuration that is right. */
export interface CompiledConfig {
  readonly resources: readonly Resource[];
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
