import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commandHelp, commandList, findCommand, parseCommandCall } from "../../../src/terminal/command-line.ts";
import { COMMANDS } from "../../../src/terminal/command-table.ts";
import { meansCommand } from "../../../src/terminal/means-command.ts";

describe("The command line of a command", () => {
  it("has its parameters and flags, in any order", () => {
    const call = parseCommandCall(["diff", "--json", "a.yaml", "--admin", "127.0.0.1:1"]);
    assert.equal(call.command.name, "diff");
    assert.deepEqual(call.parameters, ["a.yaml"]);
    assert.deepEqual(
      [...call.flags],
      [
        ["json", [""]],
        ["admin", ["127.0.0.1:1"]],
      ],
    );
  });

  it("has names of two words", () => {
    assert.equal(parseCommandCall(["config", "check", "a.yaml"]).command.name, "config check");
  });

  it("takes repeated flags where a command has them, and else the last", () => {
    const call = parseCommandCall([
      "explain",
      "x",
      "--header",
      "a:1",
      "--header",
      "b:2",
      "--admin",
      "1",
      "--admin",
      "2",
    ]);
    assert.deepEqual(call.flags.get("header"), ["a:1", "b:2"]);
    assert.deepEqual(call.flags.get("admin"), ["2"]);
  });

  for (const [args, message] of [
    [["tpo"], "unknown command tpo; did you mean troupe top? (a configuration file is given with -c FILE)"],
    [["zebra"], "unknown command zebra; --help lists all commands (a configuration file is given with -c FILE)"],
    [["config"], "troupe config alone is no command; there is troupe config check"],
    [["config", "chek"], "unknown command config chek; there is troupe config check"],
    [["diff"], "usage: troupe diff FILE [options] (try troupe diff --help)"],
    [["top", "extra"], "usage: troupe top [options] (try troupe top --help)"],
    [["top", "--admn", "x"], "unknown flag --admn; did you mean --admin?"],
    [["top", "--admin"], "--admin needs a value: --admin ADDRESS"],
    [["top", "--json=1"], "--json takes no value"],
  ] as const) {
    it(`is refused with what to do: ${args.join(" ")}`, () => {
      assert.throws(() => parseCommandCall(args), { name: "CommandFailure", message });
    });
  }

  it("needs no parameters for --help", () => {
    const { command, flags } = parseCommandCall(["diff", "--help"]);
    assert.ok(flags.has("help"));
    assert.match(
      commandHelp(command),
      /^Say what .*\n\nUsage: troupe diff FILE \[options\]\n\n {2}--admin ADDRESS {2}/,
    );
  });
});

describe("Commands", () => {
  it("are told from the flags of a proxy by their first word", () => {
    for (const args of [["top"], ["tpo"], ["config", "check"]]) assert.equal(meansCommand(args), true);
    for (const args of [[], ["-c", "x"], ["--help"], ["proxy.yaml"]]) assert.equal(meansCommand(args), false);
  });

  it("are all found by name and stand in the list", () => {
    for (const command of COMMANDS) {
      assert.equal(findCommand([...command.name.split(" "), "more"]), command);
      assert.ok(commandList().includes(`  troupe ${command.name}`), command.name);
    }
  });
});
