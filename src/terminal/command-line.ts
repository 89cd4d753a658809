import { parseArgs } from "node:util";
import { nearestName } from "../config/nearest-name.ts";
import { DEFAULT_ADMIN } from "./admin-address.ts";
import type { Command, CommandFlag } from "./command.ts";
import { CommandFailure } from "./command-failure.ts";
import { COMMANDS } from "./command-table.ts";

/** Flags that all commands have. */
const COMMON: readonly CommandFlag[] = [
  { name: "admin", value: "ADDRESS", help: `The proxy's admin address (default ${DEFAULT_ADMIN})` },
  { name: "admin-address-path", value: "FILE", help: "The file that the proxy wrote its admin address to" },
  { name: "admin-token-path", value: "FILE", help: "A file with the bearer token of the admin interface" },
  { name: "json", help: "Print JSON" },
  { name: "help", help: "Print this and exit" },
];

/** A command line that names a command. */
export interface CommandCall {
  readonly command: Command;
  readonly parameters: readonly string[];
  /** In the order given. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

/** The command that a command line names; undefined if its first word is none. */
export function findCommand(args: readonly string[]): Command | undefined {
  return COMMANDS.find(({ name }) => name.split(" ").every((word, index) => args[index] === word));
}

/** Parses the words behind the program's name. Throws `CommandFailure`. */
export function parseCommandCall(args: readonly string[]): CommandCall {
  const command = findCommand(args);
  if (command === undefined) throw new CommandFailure(unknownCommand(args));
  const flags = [...command.flags, ...COMMON];
  const { tokens } = parseArgs({
    args: args.slice(command.name.split(" ").length),
    options: Object.fromEntries(
      flags.map(({ name, value }) => [name, { type: value === undefined ? "boolean" : "string" }]),
    ),
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const parameters: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") parameters.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flags.find(({ name }) => name === token.name);
    if (flag === undefined) throw new CommandFailure(unknownFlag(command, flags, token.rawName, token.name));
    if (flag.value !== undefined && token.value === undefined) {
      throw new CommandFailure(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
    }
    if (flag.value === undefined && token.value !== undefined) {
      throw new CommandFailure(`${token.rawName} takes no value`);
    }
    const before = values.get(flag.name) ?? [];
    values.set(flag.name, flag.repeated === true ? [...before, token.value ?? ""] : [token.value ?? ""]);
  }
  if (!values.has("help") && parameters.length !== command.parameters.length) {
    throw new CommandFailure(`usage: ${usage(command)} (try troupe ${command.name} --help)`);
  }
  return { command, parameters, flags: values };
}

/** The text of `troupe COMMAND --help`. */
export function commandHelp(command: Command): string {
  const flags = [...command.flags, ...COMMON];
  const rows = flags.map(({ name, value, help }) => ({
    left: `--${name}${value === undefined ? "" : ` ${value}`}`,
    right: help,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2;
  const lines = rows.map(({ left, right }) => `  ${left.padEnd(width)}${right}\n`);
  return `${command.summary}\n\nUsage: ${usage(command)}\n\n${lines.join("")}`;
}

/** The commands, one line each, for the program's own help. */
export function commandList(): string {
  const width = Math.max(...COMMANDS.map((command) => usageOf(command).length)) + 2;
  return COMMANDS.map((command) => `  ${usageOf(command).padEnd(width)}${command.summary}\n`).join("");
}

function usageOf({ name, parameters }: Command): string {
  return ["troupe", name, ...parameters].join(" ");
}

function usage(command: Command): string {
  return `${usageOf(command)} [options]`;
}

function unknownCommand([first = "", second]: readonly string[]): string {
  const names = COMMANDS.map(({ name }) => name);
  const inside = names.filter((name) => name.startsWith(`${first} `));
  if (inside.length > 0) {
    const given = second === undefined ? `troupe ${first} alone is no command` : `unknown command ${first} ${second}`;
    return `${given}; there is ${inside.map((name) => `troupe ${name}`).join(", ")}`;
  }
  const near = nearestName(first, names);
  const hint = near === undefined ? "--help lists all commands" : `did you mean troupe ${near}?`;
  return `unknown command ${first}; ${hint} (a configuration file is given with -c FILE)`;
}

function unknownFlag(command: Command, flags: readonly CommandFlag[], rawName: string, name: string): string {
  const near = nearestName(
    name,
    flags.map((flag) => flag.name),
  );
  const hint = near === undefined ? `troupe ${command.name} --help lists all flags` : `did you mean --${near}?`;
  return `unknown flag ${rawName}; ${hint}`;
}
