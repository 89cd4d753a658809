import type { ExtensionConfig } from "../config/extension-config.ts";

/** How one extension is found. Its halves are loaded apart: `config` by the compiler thread, the other by the workers. */
export interface ExtensionEntry {
  readonly name: string;
  /** The full names of `schema` and `routeSchema` of its `config`: they say when it is to be loaded. Without them it always is. */
  readonly types?: readonly string[];
  config(): Promise<ExtensionConfig>;
}
