import { parseArgs } from "node:util";
import { CommandLineError } from "../command-line.ts";

/** What the demo's command line says. */
export interface DemoOptions {
  readonly proxyPort: number;
  readonly adminPort: number;
}

/** Parses `--proxy-port` (default 10000) and `--admin-port` (default 9901). Throws `CommandLineError`. */
export function demoOptions(args: readonly string[]): DemoOptions {
  const options = { "proxy-port": { type: "string" }, "admin-port": { type: "string" } } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    return { proxyPort: port(values["proxy-port"], 10_000), adminPort: port(values["admin-port"], 9901) };
  } catch {
    throw new CommandLineError("the demo takes --proxy-port PORT and --admin-port PORT, each from 0 (any) to 65535");
  }
}

function port(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new RangeError(text);
  return Number(text);
}
