import { type MetadataPath, metadataAt, type NamespacedMetadata } from "../match/metadata-path.ts";
import type { RequestHeaderMap } from "./header-map.ts";
import type { StreamInfo } from "./stream-info.ts";

/** Where the value of a custom tag comes from. `defaultValue` holds where it is missing; `""` = then there is no tag. */
export type CustomTagSource =
  | { readonly type: "literal"; readonly value: string }
  | { readonly type: "environment"; readonly name: string; readonly defaultValue: string }
  /** `name` in lower case. */
  | { readonly type: "requestHeader"; readonly name: string; readonly defaultValue: string }
  | {
      readonly type: "metadata";
      readonly kind: "request" | "route" | "cluster" | "host";
      readonly at: MetadataPath;
      readonly defaultValue: string;
    };

/** Envoy's `CustomTag` as plain data. */
export interface CustomTagData {
  readonly tag: string;
  readonly source: CustomTagSource;
}

/** A tag that the configuration adds to spans. */
export interface CustomTag {
  readonly tag: string;
  /** `""` = no tag. */
  value(headers: RequestHeaderMap | null, info: StreamInfo): string;
}

/** Makes a tag; `environment` has the variables of the process. */
export function createCustomTag(data: CustomTagData, environment: ReadonlyMap<string, string>): CustomTag {
  const { tag, source } = data;
  switch (source.type) {
    case "literal":
      return { tag, value: () => source.value };
    case "environment": {
      const text = environment.get(source.name) ?? source.defaultValue;
      return { tag, value: () => text };
    }
    case "requestHeader":
      return { tag, value: (headers) => headers?.lookup(source.name) ?? source.defaultValue };
    case "metadata":
      return {
        tag,
        value: (_, info) => textOf(metadataAt(metadataOf(source.kind, info), source.at)) ?? source.defaultValue,
      };
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
