import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CommandLine, CommandLineError, parseCommandLine } from "../../../actors/command-line.ts";
import { FLAGS } from "../../../actors/command-line-options.ts";
import { helpText } from "../../../actors/help-text.ts";

describe("parseCommandLine", () => {
  const accepted: { name: string; args: string[]; expected: Partial<CommandLine> }[] = [
    {
      name: "fills in Envoy's defaults",
      args: ["-c", "envoy.yaml"],
      expected: {
        configPath: "envoy.yaml",
        mode: "serve",
        logLevel: "info",
        drainTimeS: 600,
        drainStrategy: "gradual",
        parentShutdownTimeS: 900,
        fileFlushIntervalMs: 10_000,
        watch: true,
      },
    },
    {
      name: "takes a value behind an equals sign",
      args: ["-c", "a", "--mode=validate"],
      expected: { mode: "validate" },
    },
    { name: "takes a concurrency of 0 as 1", args: ["-c", "a", "--concurrency", "0"], expected: { concurrency: 1 } },
    { name: "takes warn for warning", args: ["-c", "a", "-l", "warn"], expected: { logLevel: "warning" } },
    {
      name: "takes Envoy's default log format",
      args: ["-c", "a", "--log-format", "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v"],
      expected: { logFormat: "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v" },
    },
    { name: "is content with --config-yaml alone", args: ["--config-yaml", "{}"], expected: { configYaml: "{}" } },
    { name: "needs no configuration for --version", args: ["--version"], expected: { action: "version" } },
    { name: "needs no configuration for -h", args: ["-h"], expected: { action: "help" } },
  ];
  for (const { name, args, expected } of accepted) {
    it(name, () => {
      const actual = parseCommandLine(args);
      for (const [key, value] of Object.entries(expected))
        assert.deepEqual(actual[key as keyof CommandLine], value, key);
    });
  }

  it("reads the levels of single components", () => {
    const { componentLogLevels } = parseCommandLine(["-c", "a", "--component-log-level", "upstream:debug,worker:off"]);
    assert.deepEqual(
      [...componentLogLevels],
      [
        ["upstream", "debug"],
        ["worker", "off"],
      ],
    );
  });

  const refused: { name: string; args: string[]; message: RegExp }[] = [
    { name: "an empty command line", args: [], message: /no configuration is given/ },
    {
      name: "an unknown flag, with a hint",
      args: ["--concurency", "2"],
      message: /unknown flag --concurency; did you mean --concurrency\?/,
    },
    { name: "a positional argument", args: ["envoy.yaml"], message: /unexpected argument "envoy.yaml".*-c FILE/ },
    { name: "a missing value", args: ["-c"], message: /-c needs a value: -c FILE/ },
    { name: "a value for a switch", args: ["-c", "a", "--no-watch=1"], message: /--no-watch takes no value/ },
    {
      name: "an unknown mode",
      args: ["-c", "a", "--mode", "x"],
      message: /--mode must be one of serve, validate, init_only, not "x"/,
    },
    {
      name: "a number that is none",
      args: ["-c", "a", "--drain-time-s", "1m"],
      message: /--drain-time-s must be a whole number/,
    },
    { name: "too many workers", args: ["-c", "a", "--concurrency", "100000"], message: /at most 1024/ },
    { name: "an unknown level", args: ["-c", "a", "-l", "loud"], message: /--log-level must be one of trace/ },
    {
      name: "a component without level",
      args: ["-c", "a", "--component-log-level", "x"],
      message: /"x" is no such pair/,
    },
    {
      name: "a component that there is not",
      args: ["-c", "a", "--component-log-level", "main:info,admin:off"],
      message: /there is no component "admin", but filter, main, stats, upstream, worker/,
    },
    {
      name: "a number that is too large, as such",
      args: ["-c", "a", "--drain-time-s", "1000000000"],
      message: /--drain-time-s must be at most 999999999, not 1000000000/,
    },
    {
      name: "a letter that log formats have not",
      args: ["-c", "a", "--log-format", "%Q %v"],
      message: /--log-format: unknown letter %Q in "%Q %v"; there are %Y /,
    },
    {
      name: "a flag that is given twice",
      args: ["-c", "a", "--config-path", "b"],
      message: /--config-path is given twice/,
    },
    {
      name: "a flag of Envoy's that makes no sense here, with the reason",
      args: ["-c", "a", "--restart-epoch", "1"],
      message: /Troupe has no --restart-epoch: it has no hot restart/,
    },
  ];
  for (const { name, args, message } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => parseCommandLine(args),
        (error) => error instanceof CommandLineError && message.test(error.message),
      );
    });
  }
});

describe("helpText", () => {
  it("names every flag", () => {
    const text = helpText();
    for (const flag of FLAGS) assert.ok(text.includes(`--${flag.name}`), flag.name);
  });
});
