import { type FormatContext, type FormatOperator, type FormatValue, plainOperator } from "../format-context.ts";

type Metadata = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** Metadata that `METADATA(SOURCE:…)` can read. */
const SOURCES = new Map<string, (context: FormatContext) => Metadata | null>([
  ["DYNAMIC", ({ streamInfo }) => streamInfo.dynamicMetadata],
  ["ROUTE", ({ streamInfo }) => streamInfo.routeMetadata],
  ["VIRTUAL_HOST", ({ streamInfo }) => streamInfo.virtualHostMetadata],
  ["CLUSTER", ({ streamInfo }) => streamInfo.upstream?.clusterMetadata ?? null],
  ["UPSTREAM_HOST", ({ streamInfo }) => streamInfo.upstream?.hostMetadata ?? null],
]);

/** The value at `namespace` and a path of keys; only own properties count, whatever they are called. */
function readMetadata(metadata: Metadata | null, path: readonly string[]): FormatValue | undefined {
  let value: unknown = metadata?.get(path[0]!);
  for (let i = 1; i < path.length; i++) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, path[i]!)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[path[i]!];
  }
  return asFormatValue(value);
}

function asFormatValue(value: unknown): FormatValue | undefined {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "object":
      return value;
    default:
      return undefined;
  }
}

/** `DYNAMIC_METADATA(NAMESPACE:KEY*)` and its like for another source. */
function metadataOf(source: string): FormatOperator {
  const select = SOURCES.get(source)!;
  return {
    argument: "required",
    truncates: true,
    create(argument) {
      const path = argument.split(":");
      return (context) => readMetadata(select(context), path);
    },
  };
}

/** `METADATA(SOURCE:NAMESPACE:KEY*)`. */
const metadataOperator: FormatOperator = {
  argument: "required",
  truncates: true,
  problem(argument) {
    const [source, namespace] = argument.split(":");
    if (!SOURCES.has(source!)) {
      return `unknown or unsupported source "${source}" (supported: ${[...SOURCES.keys()].join(", ")})`;
    }
    return namespace === undefined ? "expected SOURCE:NAMESPACE and keys" : null;
  },
  create(argument) {
    const [source, ...path] = argument.split(":");
    const select = SOURCES.get(source!)!;
    return (context) => readMetadata(select(context), path);
  },
};

/** `FILTER_STATE(KEY[:PLAIN|:TYPED])`: PLAIN is the value as a text, TYPED (the default) as it is. */
const filterStateOperator: FormatOperator = {
  argument: "required",
  truncates: true,
  problem(argument) {
    const [key, form, extra] = argument.split(":");
    if (key === "" || extra !== undefined) return "expected KEY or KEY:PLAIN or KEY:TYPED";
    return form === undefined || form === "PLAIN" || form === "TYPED"
      ? null
      : `unknown or unsupported serialisation "${form}" (supported: PLAIN, TYPED)`;
  },
  create(argument) {
    const [key, form] = argument.split(":");
    return ({ streamInfo }) => {
      const value = asFormatValue(streamInfo.filterState?.get(key!));
      return form !== "PLAIN" || value === undefined || typeof value === "object" ? value : String(value);
    };
  },
};

/** `ENVIRONMENT(X)`: a variable of the process, read once. */
const environmentOperator: FormatOperator = {
  argument: "required",
  truncates: true,
  create(argument, environment) {
    const value = environment.environment.get(argument);
    return () => value;
  },
};

/** Operators about filters' data, the process and the occasion. */
export const stateOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ["DYNAMIC_METADATA", metadataOf("DYNAMIC")],
  ["CLUSTER_METADATA", metadataOf("CLUSTER")],
  ["UPSTREAM_METADATA", metadataOf("UPSTREAM_HOST")],
  ["METADATA", metadataOperator],
  ["FILTER_STATE", filterStateOperator],
  ["ENVIRONMENT", environmentOperator],
  [
    "HOSTNAME",
    {
      argument: "none",
      truncates: false,
      create:
        (_, { hostname }) =>
        () =>
          hostname,
    },
  ],
  [
    "UNIQUE_ID",
    {
      argument: "none",
      truncates: false,
      create:
        (_, { random }) =>
        () =>
          random.uuid(),
    },
  ],
  ["ACCESS_LOG_TYPE", plainOperator((context) => context.accessLogType)],
] satisfies [string, FormatOperator][]);
