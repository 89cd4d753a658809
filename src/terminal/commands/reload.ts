import { type Change, changeLines } from "../change-lines.ts";
import { colour } from "../colour.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../command-failure.ts";

interface Outcome {
  readonly outcome: "applied" | "unchanged" | "rejected";
  readonly version?: number;
  readonly changes?: readonly Change[];
  readonly problems?: readonly string[];
}

/** `troupe reload`. */
export const RELOAD: Command = {
  name: "reload",
  parameters: [],
  summary: "Have the proxy load its configuration file again",
  flags: [],
  async run({ client, terminal, json }) {
    const outcome = await client.askJson<Outcome>("/config/reload?format=json", {
      method: "POST",
      statuses: [200, 400],
    });
    const refused = outcome.outcome === "rejected";
    if (json) {
      terminal.write(`${JSON.stringify(outcome, undefined, 1)}\n`);
    } else if (refused) {
      const { problems = [] } = outcome;
      terminal.write(colour("refused; the configuration before stays in force\n", "red", terminal.hasColours));
      terminal.write(problems.map((problem) => `${problem}\n`).join(""));
    } else if (outcome.outcome === "unchanged") {
      terminal.write(`nothing has changed, still version ${outcome.version}\n`);
    } else {
      terminal.write(colour(`in force as version ${outcome.version}\n`, "green", terminal.hasColours));
      terminal.write(changeLines(outcome.changes ?? [], terminal.hasColours));
    }
    return refused ? EXIT.refused : EXIT.ok;
  },
};
