import type { CompileOutcome, CompileRequest } from "./compile-request.ts";
import type { CompilerTable } from "./compiler-table.ts";
import { ConfigurationCompiler } from "./configuration-compiler.ts";

/** What the compiler thread is sent. */
export interface CompilerTask {
  /** URL of a module that exports `loadCompilerTable`. */
  readonly tableModule: string;
  readonly request: CompileRequest;
}

/** What the module that `tableModule` names exports. */
export interface CompilerTableModule {
  loadCompilerTable(): Promise<CompilerTable>;
}

let compiler: Promise<ConfigurationCompiler> | undefined;

async function load(tableModule: string): Promise<ConfigurationCompiler> {
  const module = (await import(tableModule)) as CompilerTableModule;
  return new ConfigurationCompiler(await module.loadCompilerTable());
}

/** Entry of the compiler thread: compiles, and keeps the compiler with its cache for the next call. */
export default async function compile(task: CompilerTask): Promise<CompileOutcome> {
  compiler ??= load(task.tableModule);
  return (await compiler).compile(task.request);
}
