import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { BootstrapSchema } from "../../proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { ClusterSchema } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { ListenerSchema } from "../../proto/gen/envoy/config/listener/v3/listener_pb.js";
import type { ConfigProblem } from "../config-problem.ts";
import { findUnknownFields } from "../message/unknown-fields.ts";
import { Place } from "../place.ts";
import { type ConfigSource, ITEM_LISTS, type LoadedItem, type OpenedSource, type SourceItem } from "./config-source.ts";
import type { FoundPosition } from "./source-document.ts";

const NOWHERE: FoundPosition = { line: 0, column: 0, matched: 0 };

/** A bootstrap in protobuf's binary format (`.pb`). Unknown fields are errors, as in text. */
export function openBinary(file: string, bytes: Uint8Array): OpenedSource {
  const problem = (path: string, message: string): ConfigProblem => ({
    severity: "error",
    file,
    line: 0,
    column: 0,
    path,
    message,
  });
  let bootstrap: ReturnType<typeof decode>;
  try {
    bootstrap = decode(bytes);
  } catch (error) {
    return { problems: [problem("", `not a binary envoy.config.bootstrap.v3.Bootstrap: ${(error as Error).message}`)] };
  }
  const unknown: ConfigProblem[] = [];
  findUnknownFields(BootstrapSchema, bootstrap, Place.root, (place, message) => {
    unknown.push(problem(place.toString(), message));
  });
  if (unknown.length > 0) return { problems: unknown };
  const items: SourceItem[] = [];
  const messages = new Map<SourceItem, Message>();
  const resources = bootstrap.staticResources;
  for (const { list, kind } of ITEM_LISTS) {
    for (const [index, message] of (resources?.[list] ?? []).entries()) {
      const encoded =
        message.$typeName === ListenerSchema.typeName
          ? toBinary(ListenerSchema, message)
          : toBinary(ClusterSchema, message);
      const item: SourceItem = { kind, list, index, key: Buffer.from(encoded).toString("base64") };
      items.push(item);
      messages.set(item, message);
    }
    if (resources !== undefined) resources[list] = [];
  }
  const load = (wanted: readonly SourceItem[]): LoadedItem[] =>
    wanted.map((item) => ({ message: messages.get(item)!, locate: () => NOWHERE }));
  const source: ConfigSource = { file, rest: { message: bootstrap }, items, load, locate: () => NOWHERE };
  return { source };
}

function decode(bytes: Uint8Array) {
  return fromBinary(BootstrapSchema, bytes);
}
