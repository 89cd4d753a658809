import { TRACE_CAPS } from "../../admin/actors/trace-handler.ts";
import { printable } from "../../admin/printable.ts";
import { type Colour, colour } from "../colour.ts";
import type { Command, CommandContext } from "../command.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";

const DEFAULT_SECONDS = "10";
const DEFAULT_MAX = "1000";

interface TraceLine {
  readonly at_ms: number;
  readonly type: string;
  readonly what: string;
  readonly handle_ms: number | null;
}

interface TraceEnd {
  readonly ended_by: string;
  readonly events: number;
  readonly skipped: number;
}

/** How a trace is over, by the word of the proxy. */
const ENDS: Readonly<Record<string, string>> = { time: "time is up", count: "that many were asked for" };
const COLOURS: Readonly<Record<string, Colour>> = { dropped: "red", failed: "red", coalesced: "yellow", queued: "dim" };

/** `troupe trace ACTOR`: a line for each message as it comes, until a cap is reached or the user has enough. */
export const TRACE: Command = {
  name: "trace",
  parameters: ["ACTOR"],
  summary: "Watch what happens to the messages of an actor, such as supervisor/worker-1",
  flags: [
    { name: "seconds", value: "S", help: `How long (${DEFAULT_SECONDS})` },
    { name: "max", value: "N", help: `How many messages at most (${DEFAULT_MAX})` },
    { name: "rate", value: "N", help: "How many per second at most; more are skipped and counted (100)" },
    { name: "match", value: "TEXT", help: "Only messages with this in the name of their type" },
  ],
  async run(context) {
    const { client, json, terminal, stopped } = context;
    for await (const { event, data } of client.events(target(context), stopped, "POST")) {
      if (event === "message") terminal.write(json ? `${data}\n` : messageLine(JSON.parse(data), terminal.hasColours));
      if (event !== "end") continue;
      terminal.write(json ? `${data}\n` : endLine(JSON.parse(data), terminal.hasColours));
      return EXIT.ok;
    }
    if (stopped.aborted) return EXIT.ok;
    throw new CommandFailure("the proxy has ended the stream; it may be stopping", EXIT.unreachable);
  },
};

function target({ parameters, flag }: CommandContext): string {
  for (const [name, most] of Object.entries(TRACE_CAPS)) {
    const value = flag(name);
    if (value === undefined || (/^\d{1,6}$/.test(value) && Number(value) >= 1 && Number(value) <= most)) continue;
    throw new CommandFailure(`--${name} must be a number from 1 to ${most}`);
  }
  const query = new URLSearchParams({
    seconds: flag("seconds") ?? DEFAULT_SECONDS,
    max: flag("max") ?? DEFAULT_MAX,
  });
  for (const name of ["rate", "match"]) {
    const value = flag(name);
    if (value !== undefined) query.set(name, value);
  }
  const id = parameters[0]!.split("/").map(encodeURIComponent).join("/");
  return `/actors/${id}/trace?${query}`;
}

function messageLine({ at_ms, what, type, handle_ms }: TraceLine, hasColours: boolean): string {
  const took = handle_ms === null ? "" : `  ${handle_ms.toFixed(3)} ms`;
  const word = what.padEnd(9);
  const tint = COLOURS[what];
  const shown = tint === undefined ? word : colour(word, tint, hasColours);
  return `${new Date(at_ms).toISOString().slice(11, 23)}  ${shown}  ${printable(type)}${took}\n`;
}

function endLine({ ended_by, events, skipped }: TraceEnd, hasColours: boolean): string {
  const left = skipped === 0 ? "" : `, ${skipped} skipped`;
  return colour(
    `${events} ${events === 1 ? "message" : "messages"}${left}; ${ENDS[ended_by] ?? ended_by}\n`,
    "dim",
    hasColours,
  );
}
