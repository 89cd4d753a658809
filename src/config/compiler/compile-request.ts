import type { StampedFile } from "../../base/file-stamp.ts";
import type { BootstrapData } from "../bootstrap/bootstrap-data.ts";
import type { ResourceKind } from "../compile-context.ts";
import type { ConfigProblem } from "../config-problem.ts";
import type { ConfigText } from "../source/open-source.ts";

/** Identity and content of a compiled resource. */
export interface ResourceStamp {
  readonly kind: ResourceKind;
  readonly name: string;
  /** Equal hashes mean equal data. */
  readonly hash: string;
}

/** A compiled resource on its way to the workers. */
export interface PackedResource extends ResourceStamp {
  /** What `unpackResource` reads. */
  readonly data: Uint8Array;
}

/** What is to be compiled. Plain, so that it can go to the compiler thread. */
export interface CompileRequest {
  /** A file to read first (`--config-path`), named as problems shall name it. */
  readonly path?: string;
  /** Texts that are merged over it, in this order (`--config-yaml`, or a request's body). */
  readonly texts?: readonly ConfigText[];
  /** What the command line says about the node; it goes before the configuration. */
  readonly node?: { readonly id?: string; readonly cluster?: string; readonly zone?: string };
  /** Settings that are not implemented are warnings, and have no effect. */
  readonly allowUnsupported?: boolean;
  /** Hashes of resources the caller has, by `resourceKey`; their data is not sent again. */
  readonly known?: ReadonlyMap<string, string>;
}

/** The outcome of a compilation. */
export type CompileOutcome =
  /** Nothing of the configuration may be used. */
  | {
      readonly ok: false;
      readonly problems: readonly ConfigProblem[];
      /** Files that a setting names and whose content may be what is wrong. */
      readonly files: readonly StampedFile[];
    }
  | {
      readonly ok: true;
      /** What was compiled, as it was read. */
      readonly texts: readonly ConfigText[];
      /** Warnings only. */
      readonly problems: readonly ConfigProblem[];
      readonly bootstrap: BootstrapData;
      /** Files that a setting names and whose content went into a resource. */
      readonly files: readonly StampedFile[];
      /** Names of all extensions that the resources use. */
      readonly extensions: readonly string[];
      /** All resources, in the order of the configuration. */
      readonly resources: readonly ResourceStamp[];
      /** Those of `resources` that `known` does not have with the same hash. */
      readonly changed: readonly PackedResource[];
    };

/** One text for kind and name. */
export function resourceKey(resource: { readonly kind: ResourceKind; readonly name: string }): string {
  return `${resource.kind} ${resource.name}`;
}
