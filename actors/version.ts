import { existsSync, readFileSync } from "node:fs";

/** The version in package.json, which stands one folder up in the sources and two in what is published. */
export function packageVersion(): string {
  for (const place of ["../package.json", "../../package.json"]) {
    const url = new URL(place, import.meta.url);
    if (existsSync(url)) return (JSON.parse(readFileSync(url, "utf8")) as { version: string }).version;
  }
  return "unknown";
}
