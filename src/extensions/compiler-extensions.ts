import type { ExtensionConfig } from "../config/extension-config.ts";
import { ACCESS_LOGGERS, HTTP_FILTERS, NETWORK_FILTERS } from "./table.ts";

/** Loads the main-side halves of all extensions. On the compiler thread, and for the page of supported settings. */
export async function loadExtensionConfigs(): Promise<ExtensionConfig[]> {
  const entries = [...HTTP_FILTERS, ...NETWORK_FILTERS, ...ACCESS_LOGGERS];
  return Promise.all(entries.map((entry) => entry.config()));
}
