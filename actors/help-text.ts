import { commandList } from "../src/terminal/command-line.ts";
import { FLAGS } from "./command-line-options.ts";

const USAGE = `Troupe, a proxy that reads Envoy v3 configuration.

Usage:
  troupe -c FILE [options]          serve
  troupe -c FILE --mode validate    check a configuration, list everything wrong with it
  troupe COMMAND [--help]           look into a running proxy:

`;

const OPTIONS = `
Options (names and defaults are Envoy's; * marks Troupe's own):
`;

const SIGNALS = `
Signals:
  SIGTERM, SIGINT   drain and exit: idle connections close after 2 s; a second one exits at once
  SIGHUP            reload the configuration
  SIGUSR1           reopen log files
`;

/** The text of `--help`. */
export function helpText(): string {
  const rows = FLAGS.map((flag) => {
    const short = flag.short === undefined ? "    " : `-${flag.short}, `;
    const value = flag.value === undefined ? "" : ` ${flag.value}`;
    return { left: `${short}--${flag.name}${value}`, right: `${flag.help}${flag.own === true ? " *" : ""}` };
  });
  const width = Math.max(...rows.map((row) => row.left.length)) + 2;
  return (
    USAGE + commandList() + OPTIONS + rows.map((row) => `  ${row.left.padEnd(width)}${row.right}\n`).join("") + SIGNALS
  );
}
