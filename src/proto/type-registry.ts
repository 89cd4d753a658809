import { createRequire } from "node:module";
import { createRegistry, type DescMessage, type Registry } from "@bufbuild/protobuf";
import {
  AnySchema,
  BoolValueSchema,
  BytesValueSchema,
  DoubleValueSchema,
  DurationSchema,
  EmptySchema,
  FloatValueSchema,
  Int32ValueSchema,
  Int64ValueSchema,
  ListValueSchema,
  StringValueSchema,
  StructSchema,
  TimestampSchema,
  UInt32ValueSchema,
  UInt64ValueSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { typeTable } from "./gen/type-table.js";

const require = createRequire(import.meta.url);
const wellKnown = createRegistry(
  AnySchema,
  BoolValueSchema,
  BytesValueSchema,
  DoubleValueSchema,
  DurationSchema,
  EmptySchema,
  FloatValueSchema,
  Int32ValueSchema,
  Int64ValueSchema,
  ListValueSchema,
  StringValueSchema,
  StructSchema,
  TimestampSchema,
  UInt32ValueSchema,
  UInt64ValueSchema,
  ValueSchema,
);

let moduleOfType: Map<string, string> | undefined;
const loaded = new Map<string, DescMessage>();

function modules(): Map<string, string> {
  if (moduleOfType === undefined) {
    moduleOfType = new Map();
    for (const [module, packageName, messages] of typeTable) {
      for (const message of messages.split(" ")) moduleOfType.set(`${packageName}.${message}`, module);
    }
  }
  return moduleOfType;
}

/** The values that a generated module exports, as far as this file looks at them. */
interface GeneratedExport {
  readonly kind?: string;
  readonly typeName?: string;
}

/**
 * The message type of this full name (`envoy.config.cluster.v3.Cluster`), or undefined if Troupe has no such type. Loads
 * the generated module on first use, which takes some milliseconds; only top-level messages can be found.
 */
export function messageType(typeName: string): DescMessage | undefined {
  const before = loaded.get(typeName) ?? wellKnown.getMessage(typeName);
  if (before !== undefined) return before;
  const module = modules().get(typeName);
  if (module === undefined) return undefined;
  // `require` of an ES module is synchronous; `import()` would make every reader of an Any wait.
  const exported = require(`./gen/${module}`) as Readonly<Record<string, GeneratedExport>>;
  for (const value of Object.values(exported)) {
    if (value.kind === "message" && value.typeName !== undefined) loaded.set(value.typeName, value as DescMessage);
  }
  return loaded.get(typeName);
}

/** The full names of all top-level messages Troupe has types for. */
export function messageTypeNames(): IterableIterator<string> {
  return modules().keys();
}

/** All message types, loaded when asked for; what `fromJson`, `toJson` and `anyUnpack` need to read an Any. */
export const typeRegistry: Registry = {
  kind: "registry",
  get: messageType,
  getMessage: messageType,
  getEnum: () => undefined,
  getExtension: () => undefined,
  getExtensionFor: () => undefined,
  getService: () => undefined,
  [Symbol.iterator]: () => loaded.values(),
};
