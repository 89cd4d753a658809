import { Regex } from "../../../match/regex.ts";
import type { HeaderChange } from "../../header-change.ts";

/** Envoy's `HeaderMutationRules`, checked. Plain data. */
export interface MutationRulesData {
  readonly allowAllRouting: boolean;
  readonly allowEnvoy: boolean;
  readonly disallowSystem: boolean;
  readonly disallowAll: boolean;
  /** Patterns of names, stronger than all of the above; null = none. `disallow` is stronger than `allow`. */
  readonly allow: string | null;
  readonly disallow: string | null;
  /** What is not allowed fails the request instead of being left out. */
  readonly isError: boolean;
}

const ROUTING: ReadonlySet<string> = new Set(["host", ":authority", ":scheme", ":method"]);

/** Says which headers of requests a service may change. Immutable. Source: Envoy's `MutationRules::Checker`. */
export class MutationRules {
  readonly isError: boolean;
  readonly #data: MutationRulesData;
  readonly #allow: Regex | null;
  readonly #disallow: Regex | null;

  /** `data` is checked already. */
  constructor(data: MutationRulesData) {
    this.#data = data;
    this.isError = data.isError;
    this.#allow = data.allow === null ? null : new Regex(data.allow);
    this.#disallow = data.disallow === null ? null : new Regex(data.disallow);
  }

  /** With rules, pseudo-headers can be set and nothing else. */
  allows({ name, action }: HeaderChange): boolean {
    if (action !== "set" && name.startsWith(":")) return false;
    return this.#allowsName(name);
  }

  /** Pseudo-headers and `host` are never removed. */
  allowsRemoval(name: string): boolean {
    return !name.startsWith(":") && name !== "host" && this.#allowsName(name);
  }

  #allowsName(name: string): boolean {
    const { disallowAll, disallowSystem, allowAllRouting, allowEnvoy } = this.#data;
    if (this.#disallow?.matches(name) === true) return false;
    if (this.#allow?.matches(name) === true) return true;
    if (disallowAll || (disallowSystem && name.startsWith(":"))) return false;
    if (!allowAllRouting && ROUTING.has(name)) return false;
    return allowEnvoy || !name.startsWith("x-envoy");
  }
}
