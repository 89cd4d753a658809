import { FilterHeadersStatus } from "../../../http/filter.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";

/** Envoy's `set_metadata.v3.Config`, checked. Plain data. */
export interface SetMetadataData {
  readonly entries: readonly {
    readonly namespace: string;
    /** Merge into a namespace that is there already; otherwise leave it as it is. */
    readonly overwrite: boolean;
    readonly value: Readonly<Record<string, unknown>>;
  }[];
}

/** Writes fixed values into the stream's metadata. Source: Envoy's `SetMetadataFilter`. */
export class SetMetadataFilter extends PassThroughFilter {
  readonly #data: SetMetadataData;

  constructor(data: SetMetadataData) {
    super();
    this.#data = data;
  }

  override decodeHeaders(): FilterHeadersStatus {
    const { streamInfo } = this.decoder;
    for (const { namespace, overwrite, value } of this.#data.entries) {
      if (!overwrite && streamInfo.dynamicMetadata?.has(namespace) === true) continue;
      merge(streamInfo.metadata(namespace), value);
    }
    return FilterHeadersStatus.continue;
  }
}

type Json = Record<string, unknown>;

/** Objects are merged, lists grow, and all else is replaced. `from` is never shared: later filters may change the target. */
function merge(target: Json, from: Readonly<Json>): void {
  for (const key of Object.keys(from)) {
    const value = from[key];
    const before = target[key];
    if (Array.isArray(value)) {
      const copies = value.map(copyOf);
      target[key] = Array.isArray(before) ? before.concat(copies) : copies;
    } else if (isObject(value) && isObject(before)) {
      merge(before, value);
    } else {
      target[key] = copyOf(value);
    }
  }
}

/** A copy of a JSON value whose objects have no prototype, so that no key means anything to JavaScript. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isObject(value)) return value;
  const copy = Object.create(null) as Json;
  for (const key of Object.keys(value)) copy[key] = copyOf(value[key]);
  return copy;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
