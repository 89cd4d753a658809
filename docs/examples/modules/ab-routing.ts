// Sends a share of the clients to another version: `config: { percent: 10 }`. The routes decide by the header `x-variant`.
import { createHash } from "node:crypto";
import type { ModuleStream } from "../../../src/extensions/http/module/contract.ts";

interface Settings {
  readonly percent: number;
}

export function configure(config: Partial<Settings> | null): Settings {
  const percent = config?.percent ?? 50;
  if (!(percent >= 0 && percent <= 100)) throw new Error("config.percent must be between 0 and 100");
  return { percent };
}

/** The same client always gets the same variant. */
export function decodeHeaders(stream: ModuleStream): void {
  const { percent } = stream.config as Settings;
  const who = stream.request.get("x-user") ?? stream.clientIp;
  const point = createHash("sha256").update(who).digest().readUInt32BE() % 100;
  stream.request.set("x-variant", point < percent ? "b" : "a");
  // The route was chosen before this header was there.
  stream.clearRouteCache();
}
