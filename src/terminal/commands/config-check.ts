import type { Command } from "../command.ts";

/** `troupe config check FILE`: as `--mode validate`; needs no proxy. */
export const CONFIG_CHECK: Command = {
  name: "config check",
  parameters: ["FILE"],
  summary: "Check a configuration file and list everything wrong with it; needs no proxy",
  flags: [],
  async run({ terminal, json, parameters, checkConfig }) {
    const { exitCode, text } = await checkConfig(parameters[0] ?? "", json);
    terminal.write(text);
    return exitCode;
  },
};
