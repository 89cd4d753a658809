import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type DescMessage, fromJson, type JsonValue } from "@bufbuild/protobuf";
import type { ExtensionConfig } from "../../../../src/config/extension-config.ts";
import { Place } from "../../../../src/config/place.ts";
import { fileLoggerConfig } from "../../../../src/extensions/access_loggers/file/config.ts";
import { stderrLoggerConfig } from "../../../../src/extensions/access_loggers/stderr/config.ts";
import { stdoutLoggerConfig } from "../../../../src/extensions/access_loggers/stdout/config.ts";
import { RecordingCompileContext } from "../../../harness/recording-compile-context.ts";

function compile(config: ExtensionConfig, json: JsonValue): { data: unknown; problems: readonly string[] } {
  const context = new RecordingCompileContext();
  const schema: DescMessage = config.schema;
  const data = config.compile(json === null ? create(schema) : fromJson(schema, json), Place.root, context);
  return { data, problems: context.problems };
}

const TEXT = { type: "text", program: { parts: ["x"] }, omitEmptyValues: false };

describe("Access loggers", () => {
  const rows: { name: string; config: ExtensionConfig; json: JsonValue; data: unknown }[] = [
    {
      name: "a file with the default format",
      config: fileLoggerConfig,
      json: { path: "/l" },
      data: { path: "/l", format: null },
    },
    {
      name: "a file with a text",
      config: fileLoggerConfig,
      json: { path: "/l", logFormat: { textFormat: "x" } },
      data: { path: "/l", format: TEXT },
    },
    {
      name: "a file with the deprecated format",
      config: fileLoggerConfig,
      json: { path: "/l", format: "x" },
      data: { path: "/l", format: TEXT },
    },
    {
      name: "a file with an empty deprecated format",
      config: fileLoggerConfig,
      json: { path: "/l", format: "" },
      data: { path: "/l", format: null },
    },
    {
      name: "a file with deprecated JSON",
      config: fileLoggerConfig,
      json: { path: "/l", typedJsonFormat: { a: "x" } },
      data: {
        path: "/l",
        format: {
          type: "json",
          program: { type: "object", entries: [["a", { type: "format", program: { parts: ["x"] } }]] },
          omitEmptyValues: false,
        },
      },
    },
    { name: "standard output by default", config: stdoutLoggerConfig, json: null, data: null },
    {
      name: "standard output with a text",
      config: stdoutLoggerConfig,
      json: { logFormat: { textFormat: "x" } },
      data: TEXT,
    },
    {
      name: "standard error with a text",
      config: stderrLoggerConfig,
      json: { logFormat: { textFormat: "x" } },
      data: TEXT,
    },
  ];
  for (const { name, config, json, data } of rows) {
    it(`compiles ${name}`, () => assert.deepEqual(compile(config, json), { data, problems: [] }));
  }

  it("reports what is wrong where it stands", () => {
    const json = { path: "/l", logFormat: { jsonFormat: { a: ["%NOPE%"] } } };
    assert.deepEqual(compile(fileLoggerConfig, json).problems, [
      "log_format.json_format.a[0]: %NOPE% is no command operator",
    ]);
  });
});
