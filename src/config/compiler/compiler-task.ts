import { lowerHelperPriority, lowerThreadPriority } from "../../base/thread-priority.ts";
import {
  compileLoadAssignmentFile,
  type LoadAssignmentOutcome,
  type LoadAssignmentRequest,
} from "../source/load-assignment-file.ts";
import type { CompileOutcome, CompileRequest } from "./compile-request.ts";
import type { CompilerTable } from "./compiler-table.ts";
import { ConfigurationCompiler } from "./configuration-compiler.ts";

/** What the compiler thread is sent. */
export interface CompilerTask {
  /** URL of a module that exports `loadLateCompilerTable`. */
  readonly tableModule: string;
  readonly request: CompileRequest;
}

/** What the module that `tableModule` names exports. */
export interface CompilerTableModule {
  loadLateCompilerTable(): Promise<CompilerTable>;
}

/** What the compiler thread is sent for a file of endpoints. */
export interface LoadAssignmentTask {
  readonly tableModule: string;
  readonly request: LoadAssignmentRequest;
}

/** What the compiler thread is sent ahead of the first compilation. */
export interface WarmUpTask {
  readonly tableModule: string;
}

let table: Promise<CompilerTable> | undefined;
let compiler: Promise<ConfigurationCompiler> | undefined;
let compilations = 0;

async function loadTable(tableModule: string): Promise<CompilerTable> {
  return ((await import(tableModule)) as CompilerTableModule).loadLateCompilerTable();
}

/** Loads what is compiled with. */
export async function warmUp(task: WarmUpTask): Promise<void> {
  table ??= loadTable(task.tableModule);
  await table;
}

/** Compiles a file of EDS clusters. */
export async function loadAssignments(task: LoadAssignmentTask): Promise<LoadAssignmentOutcome[]> {
  table ??= loadTable(task.tableModule);
  return compileLoadAssignmentFile(await table, task.request);
}

/** Entry of the compiler thread: compiles, and keeps the compiler with its cache for the next call. */
export default async function compile(task: CompilerTask): Promise<CompileOutcome> {
  table ??= loadTable(task.tableModule);
  compiler ??= table.then((loaded) => new ConfigurationCompiler(loaded));
  // A start waits for the first compilation; later ones are in the background of requests.
  if (compilations++ === 1) {
    lowerThreadPriority("background");
    lowerHelperPriority();
  }
  return (await compiler).compileLoading(task.request);
}
