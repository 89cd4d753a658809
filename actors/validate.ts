import { CompilerPool } from "../src/config/compiler/compiler-pool.ts";
import { problemsText } from "../src/config/config-problem.ts";
import type { CommandLine } from "./command-line.ts";
import { COMPILER_TABLE } from "./early-threads.ts";
import { compileRequest } from "./proxy-options.ts";

/** What `--mode validate` prints, and its exit code. */
export interface Validation {
  readonly exitCode: 0 | 1;
  /** For standard output. */
  readonly text: string;
}

/** Compiles the configuration, and lists all that is wrong with it as text or JSON. Nothing is bound or started. */
export async function validate(commandLine: CommandLine): Promise<Validation> {
  const pool = new CompilerPool(COMPILER_TABLE);
  try {
    const { ok, problems } = await pool.compile(compileRequest(commandLine));
    const exitCode = ok ? 0 : 1;
    if (commandLine.format === "json")
      return { exitCode, text: `${JSON.stringify({ valid: ok, problems }, null, 2)}\n` };
    const name = commandLine.configPath === "" ? "configuration" : `configuration '${commandLine.configPath}'`;
    const errors = problems.filter(({ severity }) => severity === "error").length;
    const verdict = ok ? `${name} OK\n` : `${name} is refused: ${errors} ${errors === 1 ? "error" : "errors"}\n`;
    return { exitCode, text: problemsText(problems) + verdict };
  } finally {
    await pool.close();
  }
}
