import { type Change, changeLines } from "../change-lines.ts";
import { colour } from "../colour.ts";
import type { Command, Terminal } from "../command.ts";
import { EXIT } from "../command-failure.ts";

interface Outcome {
  readonly outcome: "valid" | "rejected";
  readonly changes?: readonly Change[];
  readonly drains?: readonly { readonly worker: string; readonly connections: number }[];
  readonly not_answering?: readonly string[];
  readonly problems?: readonly string[];
}

/** `troupe diff FILE`: the dry run, readable. */
export const DIFF: Command = {
  name: "diff",
  parameters: ["FILE"],
  summary: "Say what a configuration would change and which connections would drain (- is standard input)",
  flags: [],
  async run({ client, terminal, json, parameters, readFile }) {
    const [file = ""] = parameters;
    const body = await readFile(file);
    const outcome = await client.askJson<Outcome>("/config/dry_run?format=json", {
      method: "POST",
      body,
      statuses: [200, 400],
    });
    if (json) terminal.write(`${JSON.stringify(outcome, undefined, 1)}\n`);
    else print(outcome, file, terminal);
    return outcome.outcome === "rejected" ? EXIT.refused : EXIT.ok;
  },
};

function print(outcome: Outcome, file: string, { write, hasColours }: Terminal): void {
  const { changes = [], drains = [], not_answering: silent = [], problems = [] } = outcome;
  if (outcome.outcome === "rejected") {
    write(colour(`it would be refused: ${counted(problems.length, "problem")}\n`, "red", hasColours));
    // The proxy was sent a text and knows no name for it.
    for (const problem of problems) write(`${problem.replace(/^request body(?=:\d+:\d+: )/, () => file)}\n`);
    return;
  }
  write(changes.length === 0 ? "nothing would change\n" : changeLines(changes, hasColours));
  const sum = drains.reduce((total, { connections }) => total + connections, 0);
  write(
    sum === 0
      ? "no connection would drain\n"
      : colour(
          `${counted(sum, "connection")} would drain: ${drains.map(({ worker, connections }) => `${worker} ${connections}`).join(", ")}\n`,
          "yellow",
          hasColours,
        ),
  );
  for (const worker of silent) write(colour(`partial: ${worker} did not say what it would drain\n`, "red", hasColours));
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
