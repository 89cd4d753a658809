// Adds a header to every response: `config: { name: x-served-by, value: troupe }`.
import type { ModuleStream } from "../../../src/extensions/http/module/contract.ts";

// In your own project: import type { ModuleStream } from "troupe/dist/src/extensions/http/module/contract.js";

interface Settings {
  readonly name: string;
  readonly value: string;
}

/** Runs once per worker; what it throws refuses the configuration. */
export function configure(config: Partial<Settings> | null): Settings {
  if (typeof config?.name !== "string") throw new Error("config.name must be the name of a header");
  return { name: config.name, value: config.value ?? "yes" };
}

export function encodeHeaders(stream: ModuleStream): void {
  const { name, value } = stream.config as Settings;
  stream.response?.set(name, value);
}
