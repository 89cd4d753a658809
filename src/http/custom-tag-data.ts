import type { MetadataPath } from "../match/metadata-path.ts";

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
