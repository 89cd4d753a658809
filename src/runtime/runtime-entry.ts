/** A share of occasions: `numerator` of `denominator`. */
export interface RuntimeShare {
  readonly numerator: number;
  readonly denominator: number;
}

/** What a runtime value is read as. Plain, so that it can go to workers. */
export interface RuntimeEntry {
  /** As it is shown. */
  readonly text: string;
  /** If it is a number. */
  readonly number?: number;
  /** If it is `true` or `false`, in any case. */
  readonly flag?: boolean;
  /** If it is a `FractionalPercent`. */
  readonly share?: RuntimeShare;
}

/** One layer of runtime values. */
export interface RuntimeLayerData {
  readonly name: string;
  /** `admin`: the values come by `POST /runtime_modify`, and `entries` is empty. */
  readonly kind: "static" | "disk" | "admin";
  readonly entries: readonly (readonly [key: string, entry: RuntimeEntry])[];
}

const DENOMINATORS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ["HUNDRED", 100],
  ["TEN_THOUSAND", 10_000],
  ["MILLION", 1_000_000],
  [0, 100],
  [1, 10_000],
  [2, 1_000_000],
]);

/** Reads a text, such as a file of a disk layer holds. */
export function textEntry(text: string): RuntimeEntry {
  const lower = text.toLowerCase();
  if (lower === "true" || lower === "false") return { text, flag: lower === "true" };
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? { text, number: Number(text) } : { text };
}

/** Reads a value of a static layer that has no keys below it; undefined if it is no value: a list, null, or a map that is no share. */
export function valueEntry(value: unknown): RuntimeEntry | undefined {
  if (typeof value === "string") return textEntry(value);
  if (typeof value === "number") return { text: String(value), number: value };
  if (typeof value === "boolean") return { text: String(value), flag: value };
  if (!isShare(value)) return undefined;
  const { numerator = 0, denominator: named = "HUNDRED" } = value;
  const denominator = DENOMINATORS.get(named);
  if (typeof numerator !== "number" || denominator === undefined) return undefined;
  return { text: JSON.stringify(value), share: { numerator, denominator } };
}

/** Whether a map is a `FractionalPercent` and not keys with values below it. */
export function isShare(value: unknown): value is { numerator?: unknown; denominator?: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return "numerator" in value || "denominator" in value;
}
