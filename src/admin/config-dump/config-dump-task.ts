import { Piscina, transferableSymbol, valueSymbol } from "piscina";
import { lowerThreadPriority } from "../../base/thread-priority.ts";
import { type AcceptedConfig, bootstrapJson } from "../../config/bootstrap/bootstrap-json.ts";
import { itemPlaces } from "../../config/source/item-places.ts";
import { jsonResponse } from "../admin-handler.ts";
import type { PackedEndpoints } from "./cluster-endpoints.ts";
import { configDump } from "./config-dump.ts";
import type { ConfigDumpQuery } from "./config-dump-query.ts";
import { configSections } from "./config-sections.ts";

/** What the dump's thread is sent. */
export interface ConfigDumpTask {
  readonly config: AcceptedConfig;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly inForceSinceMs: number;
  /** When each cluster last changed. */
  readonly clusterUpdateTimes: ReadonlyMap<string, number>;
  /** The endpoints in force, if the query asks for them. */
  readonly endpoints?: PackedEndpoints | undefined;
  /** What to dump, or `places`: where listeners and clusters stand in the texts. */
  readonly query: ConfigDumpQuery | "places";
}

/** What it answers: a response whose body is UTF-8 in pieces, each in a buffer of its own. */
export interface DumpedConfigText {
  readonly status: number;
  readonly contentType: string;
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
}

const PIECE_CHARS = 256 * 1024;

/** Entry of the dump's thread: parses the texts again and prints what the query asks for. Secrets do not leave the thread. */
export default function dumpConfig({ config, query, endpoints, ...versions }: ConfigDumpTask): object {
  lowerThreadPriority("onlooker");
  const { status, contentType, body } =
    query === "places"
      ? { ...jsonResponse(200, {}), body: `${JSON.stringify({ places: itemPlaces(config) })}\n` }
      : configDump(configSections({ bootstrap: bootstrapJson(config), endpoints, ...versions }), query);
  const pieces = encoded(typeof body === "string" ? [body] : body);
  const value: DumpedConfigText = { status, contentType, pieces };
  return Piscina.move({ [transferableSymbol]: pieces.map(({ buffer }) => buffer), [valueSymbol]: value });
}

/** The texts joined to pieces worth handing on, each encoded as soon as it is whole. */
function encoded(texts: Iterable<string>): Uint8Array<ArrayBuffer>[] {
  const encoder = new TextEncoder();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let joined = "";
  for (const text of texts) {
    joined += text;
    if (joined.length < PIECE_CHARS) continue;
    pieces.push(encoder.encode(joined));
    joined = "";
  }
  if (joined !== "") pieces.push(encoder.encode(joined));
  return pieces;
}
