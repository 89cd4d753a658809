import { parse } from "yaml";
import type { RuntimeView } from "../src/admin/views.ts";
import { unpackResource } from "../src/config/compiler/resource-packing.ts";
import { Runtime } from "../src/runtime/runtime.ts";
import {
  isShare,
  type RuntimeEntry,
  type RuntimeLayerData,
  textEntry,
  valueEntry,
} from "../src/runtime/runtime-entry.ts";
import type { Counter, Gauge, StatsScope } from "../src/stats/scope.ts";
import type { CompiledConfig } from "./supervisor/config-compiler.ts";

/** What `POST /runtime_modify` may set at most. */
const MAX_OVERRIDES = 10_000;

/** The runtime values as the main thread has them, with Envoy's `runtime.*` statistics. Workers get the layers with their snapshot. */
export class RuntimeValues implements RuntimeView {
  readonly runtime = new Runtime();
  readonly #broadcast: (overrides: ReadonlyMap<string, RuntimeEntry>) => void;
  readonly #loadSuccess: Counter;
  readonly #overrideDirNotExists: Counter;
  readonly #keys: Gauge;
  readonly #layers: Gauge;
  readonly #adminOverrides: Gauge;
  #known = "";

  /** `broadcast` tells all workers, also those that start later. */
  constructor(root: StatsScope, broadcast: (overrides: ReadonlyMap<string, RuntimeEntry>) => void) {
    this.#broadcast = broadcast;
    const scope = root.scope("runtime");
    this.#loadSuccess = scope.counter("load_success");
    this.#overrideDirNotExists = scope.counter("override_dir_not_exists");
    // A configuration with a bad layer is refused whole; there is no override folder but that of the deprecated form.
    scope.counter("load_error");
    scope.counter("override_dir_exists");
    scope.counter("deprecated_feature_use");
    scope.gauge("deprecated_feature_seen_since_process_start");
    this.#keys = scope.gauge("num_keys");
    this.#layers = scope.gauge("num_layers");
    this.#adminOverrides = scope.gauge("admin_overrides_active");
  }

  /** A configuration is in force. */
  onInForce({ resources }: CompiledConfig): void {
    const found = resources.find(({ kind }) => kind === "runtime");
    if (found?.hash === this.#known) return;
    this.#known = found?.hash ?? "";
    this.runtime.setLayers(found === undefined ? [] : (unpackResource(found.data) as RuntimeLayerData[]));
    this.#loaded();
  }

  layers(): ReturnType<RuntimeView["layers"]> {
    return this.runtime.layers.map(({ name, entries }) => ({
      name,
      values: new Map(entries.map(([key, { text }]) => [key, text])),
    }));
  }

  modify(values: ReadonlyMap<string, string>): boolean {
    if (!this.runtime.hasAdminLayer) return false;
    const overrides = new Map(this.runtime.overrides);
    for (const [key, value] of values) {
      if (value === "") overrides.delete(key);
      else if (overrides.has(key) || overrides.size < MAX_OVERRIDES) overrides.set(key, overrideEntry(value));
    }
    this.runtime.setOverrides(overrides);
    this.#broadcast(overrides);
    this.#loaded();
    return true;
  }

  #loaded(): void {
    this.#loadSuccess.inc();
    this.#overrideDirNotExists.inc();
    this.#keys.set(this.runtime.values.size);
    this.#layers.set(this.runtime.layers.length);
    this.#adminOverrides.set(this.runtime.hasAdminLayer && this.runtime.overrides.size > 0 ? 1 : 0);
  }
}

/** A text as it is, or a share: `{numerator: 5, denominator: TEN_THOUSAND}`. */
function overrideEntry(text: string): RuntimeEntry {
  if (!text.trimStart().startsWith("{")) return textEntry(text);
  try {
    const value: unknown = parse(text);
    if (isShare(value)) return valueEntry(value) ?? { text };
  } catch {
    // No YAML: a text like any other.
  }
  return { text };
}
