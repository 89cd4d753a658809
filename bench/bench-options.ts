import { parseArgs } from "node:util";

/** How a suite is run. */
export interface BenchOptions {
  /** Names of cases; empty: all of the suite. */
  readonly cases: readonly string[];
  /** Names of peers; undefined: all that the case has. */
  readonly peers: readonly string[] | undefined;
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly save: boolean;
}

/** What is printed for an option that is not known. */
export const USAGE = `usage: npm run bench -- <h1|tcp|h2|tls> [--case <name>[,<name>]] [--peers <name>[,<name>]] [--rounds 3] [--seconds 4] [--save|--no-save]

  --case     cases to run; default: all
  --peers    troupe, nginx, haproxy, nghttpx, http-proxy, fastify, "bare pipe"; default: all that the case has
  --rounds   times that each proxy is measured; default 3
  --seconds  length of each measurement; default 4
  --save     write bench/results/ and docs/benchmarks.md; default: only when --peers is not given
`;

/** Reads the words after `npm run bench --`. Throws an `Error` with a line for the user. */
export function parseBenchOptions(args: readonly string[]): { suite: string; options: BenchOptions } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      case: { type: "string", multiple: true, default: [] },
      peers: { type: "string" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      save: { type: "boolean" },
    },
  });
  const [suite = "", ...more] = positionals;
  if (more.length > 0) throw new Error(`one suite at a time; not known what to do with: ${more.join(" ")}`);
  const peers = values.peers?.split(",");
  const options = {
    cases: values.case.flatMap((names) => names.split(",")),
    peers,
    rounds: count("--rounds", values.rounds),
    seconds: count("--seconds", values.seconds),
    save: values.save ?? peers === undefined,
  };
  return { suite, options };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} takes a whole number from 1, not ${text}`);
  return value;
}
