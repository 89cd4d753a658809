import { resolve } from "node:path";
import { environmentVariable } from "../base/environment-variable.ts";
import { readRegularFile } from "../base/read-regular-file.ts";
import { type DataSource, DataSourceSchema } from "../proto/gen/envoy/config/core/v3/base_pb.js";
import type { CompileContext } from "./compile-context.ts";
import { type MessageSupport, noEffect, support, yes } from "./field-support.ts";
import type { Place } from "./place.ts";

/**
 * The bytes of a `DataSource`: given in place, in a variable of the environment, or read now from a file (relative paths start
 * at the configuration's folder). What is larger than `limitBytes`, or can't be read, is reported; the result is empty then.
 */
export function compileDataSource(
  message: DataSource,
  limitBytes: number,
  place: Place,
  context: CompileContext,
): Uint8Array {
  const { specifier } = message;
  const bytes = readSource(specifier, limitBytes, place, context);
  if (bytes.length <= limitBytes) return bytes;
  context.error(place, `is ${bytes.length} bytes long; at most ${limitBytes} are allowed`);
  return new Uint8Array();
}

function readSource(
  specifier: DataSource["specifier"],
  limitBytes: number,
  place: Place,
  context: CompileContext,
): Uint8Array {
  switch (specifier.case) {
    case "inlineString":
      return Buffer.from(specifier.value, "utf8");
    case "inlineBytes":
      return specifier.value;
    case "filename":
      return readFile(resolve(context.facts.directory, specifier.value), limitBytes, place.field("filename"), context);
    case "environmentVariable": {
      const value = environmentVariable(specifier.value);
      if (value !== undefined) return Buffer.from(value, "utf8");
      context.error(place.field("environment_variable"), `the environment has no variable ${specifier.value}`);
      return new Uint8Array();
    }
    default:
      return new Uint8Array();
  }
}

/** At most one byte more than `limitBytes`, so that the caller sees what is too large without reading it all. */
function readFile(path: string, limitBytes: number, place: Place, context: CompileContext): Uint8Array {
  context.dependsOnFile(path);
  try {
    return readRegularFile(path, limitBytes);
  } catch (error) {
    context.error(place, `can't read ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return new Uint8Array();
  }
}

/** Which fields of `DataSource` are implemented. */
export const dataSourceSupport: readonly MessageSupport[] = [
  support(DataSourceSchema, {
    filename: yes,
    inline_bytes: yes,
    inline_string: yes,
    environment_variable: yes,
    watched_directory: noEffect("the file itself is watched, whatever links lead to it"),
  }),
];
