import type { Command, CommandContext, CommandFlag } from "../command.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";

const SORT: CommandFlag = { name: "sort", value: "FIELD", help: "Largest first, by this field" };
const FILTER: CommandFlag = { name: "filter", value: "TEXT", help: "Only rows that contain this text" };
const LIMIT: CommandFlag = { name: "limit", value: "N", help: "At most so many rows" };
const WORKER: CommandFlag = { name: "worker", value: "NAME", help: "Only those of this worker" };

/** Commands that print a table which the proxy makes: `actors`, `connections`, `streams`, `membership`, `pools`. */
export const LISTINGS: readonly Command[] = [
  listing("actors", "Show the actors and the threads they live on", [SORT, FILTER]),
  listing("connections", "Show the connections of clients", [SORT, FILTER, LIMIT, WORKER]),
  listing("streams", "Show the requests under way", [SORT, FILTER, LIMIT, WORKER]),
  listing("membership", "Show how clusters find their hosts, and which hosts are out of use and why", []),
  listing("pools", "Show the connections to hosts, by worker and host", [SORT, FILTER, LIMIT, WORKER]),
];

function listing(name: string, summary: string, flags: readonly CommandFlag[]): Command {
  return {
    name,
    parameters: [],
    summary,
    flags,
    async run(context: CommandContext): Promise<number> {
      const query = new URLSearchParams();
      for (const flag of flags) {
        const value = context.flag(flag.name);
        if (value !== undefined) query.set(flag.name, value);
      }
      if (context.json) query.set("format", "json");
      const target = query.size === 0 ? `/${name}` : `/${name}?${query}`;
      const { status, body } = await context.client.ask(target);
      if (status === 400) throw new CommandFailure(body.trim());
      if (status !== 200) await context.client.askJson(target);
      context.terminal.write(body);
      return EXIT.ok;
    },
  };
}
