import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { environmentVariable } from "../base/environment-variable.ts";
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
  let file: number | undefined;
  context.dependsOnFile(path);
  try {
    file = openSync(path, "r");
    if (!fstatSync(file).isFile()) throw new Error("it is not a regular file");
    const bytes = Buffer.alloc(limitBytes + 1);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(file, bytes, length, bytes.length - length, null);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } catch (error) {
    context.error(place, `can't read ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return new Uint8Array();
  } finally {
    if (file !== undefined) closeSync(file);
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
