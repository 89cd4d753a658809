import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

const ROUTER = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
};

/** The HTTP filters of a connection manager that runs the module in `file`. */
export function moduleFilters(file: string, config?: unknown): object[] {
  const type = "type.googleapis.com/troupe.extensions.filters.http.module.v3.Module";
  const typed = { "@type": type, file, ...(config !== undefined && { config }) };
  return [{ name: "module", typed_config: typed }, ROUTER];
}

/** Writes a module into a folder that goes with the test; answers its path. */
export function writeModule(test: TestContext, source: string, name = "module.ts"): string {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-module-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, name);
  writeFileSync(file, source);
  return file;
}
