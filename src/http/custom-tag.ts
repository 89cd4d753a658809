import { metadataAt, type NamespacedMetadata } from "../match/metadata-path.ts";
import type { CustomTagData, CustomTagSource } from "./custom-tag-data.ts";
import type { RequestHeaderMap } from "./header-map.ts";
import type { StreamInfo } from "./stream-info.ts";

/** The tag with its variable of the process looked up, if it names one. */
export function resolveCustomTag(data: CustomTagData, environment: ReadonlyMap<string, string>): CustomTagData {
  const { tag, source } = data;
  if (source.type !== "environment") return data;
  return { tag, source: { type: "literal", value: environment.get(source.name) ?? source.defaultValue } };
}

/** The value of a tag that was resolved; `""` = no tag. */
export function customTagValue(source: CustomTagSource, headers: RequestHeaderMap | null, info: StreamInfo): string {
  switch (source.type) {
    case "literal":
      return source.value;
    case "environment":
      return source.defaultValue;
    case "requestHeader":
      return headers?.lookup(source.name) ?? source.defaultValue;
    case "metadata":
      return textOf(metadataAt(metadataOf(source.kind, info), source.at)) ?? source.defaultValue;
  }
}

function metadataOf(kind: "request" | "route" | "cluster" | "host", info: StreamInfo): NamespacedMetadata | null {
  switch (kind) {
    case "request":
      return info.dynamicMetadata;
    case "route":
      return info.routeMetadata;
    case "cluster":
      return info.upstream === null ? null : info.upstream.clusterMetadata;
    case "host":
      return info.upstream === null ? null : info.upstream.hostMetadata;
  }
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
