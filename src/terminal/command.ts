import type { AdminClient } from "./admin-client.ts";

/** One flag of a command. */
export interface CommandFlag {
  readonly name: string;
  /** Name of the value in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** It may be given more than once. */
  readonly repeated?: boolean;
}

/** A sub-command such as `troupe top`. */
export interface Command {
  /** One or two words. */
  readonly name: string;
  /** Names of its arguments, such as `FILE`; all are needed. */
  readonly parameters: readonly string[];
  readonly summary: string;
  readonly flags: readonly CommandFlag[];
  /** Answers the exit code. Throws `AdminUnreachable` and `CommandFailure`. */
  run(context: CommandContext): Promise<number>;
}

/** What a command runs with. */
export interface CommandContext {
  readonly client: AdminClient;
  readonly parameters: readonly string[];
  /** The value of a flag that was given last; undefined if it was not. */
  flag(name: string): string | undefined;
  /** All values of a flag. */
  flags(name: string): readonly string[];
  /** `--json`. */
  readonly json: boolean;
  readonly terminal: Terminal;
  /** Reads a file; `-` is standard input. Throws `CommandFailure`. */
  readFile(path: string): Promise<string>;
  /** Checks a configuration file as `--mode validate` does, without a proxy. */
  readonly checkConfig: (file: string, json: boolean) => Promise<{ readonly exitCode: number; readonly text: string }>;
  /** Aborted when the user wants out: SIGINT, SIGTERM, SIGHUP. */
  readonly stopped: AbortSignal;
}

/** The person's side: what is written, and the keys that are pressed. */
export interface Terminal {
  write(text: string): void;
  /** Whether the output is a terminal, and not a file or a pipe. */
  readonly isTerminal: boolean;
  readonly hasColours: boolean;
  /** Of the terminal; 80 by 24 if it does not say. */
  size(): { readonly columns: number; readonly rows: number };
  /** Calls with each key that is pressed, as the bytes it sends, until the signal is aborted. */
  onKey(listener: (key: string) => void, until: AbortSignal): void;
  onResize(listener: () => void, until: AbortSignal): void;
}
