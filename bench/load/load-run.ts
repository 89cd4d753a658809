import { parseArgs } from "node:util";

/** What a run under load found out. */
export interface LoadRunOutcome {
  /** Facts and measured numbers, a line each. */
  readonly lines: readonly string[];
  /** What was promised and not kept, a line each; empty is a success. */
  readonly broken: readonly string[];
}

/** Numbers given on the command line as `--name value`; names that are not in `defaults` are refused. */
export function numberOptions<K extends string>(
  defaults: Readonly<Record<K, number>>,
  args: readonly string[] = process.argv.slice(2),
): Record<K, number> {
  const names = Object.keys(defaults) as K[];
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
  });
  const chosen: Record<K, number> = { ...defaults };
  for (const name of names) {
    const text = values[name];
    if (text === undefined) continue;
    chosen[name] = Number(text);
    if (!(chosen[name] > 0)) throw new Error(`--${name} takes a number above 0, not ${String(text)}`);
  }
  return chosen;
}

/** Runs it, prints what came out, and ends the process with 0 if every promise was kept, else with 1. */
export async function runFromCommandLine(run: () => Promise<LoadRunOutcome>): Promise<void> {
  try {
    const { lines, broken } = await run();
    process.stdout.write(`${lines.join("\n")}\n`);
    for (const line of broken) process.stdout.write(`NOT KEPT: ${line}\n`);
    process.stdout.write(broken.length === 0 ? "all promises kept\n" : `${broken.length} promises not kept\n`);
    process.exit(broken.length === 0 ? 0 : 1);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** Resolves after this time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Adds `what` to the broken promises unless it holds. */
export function promise(broken: string[], holds: boolean, what: string): void {
  if (!holds) broken.push(what);
}
