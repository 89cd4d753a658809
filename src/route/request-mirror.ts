import type { RequestHeaderMap } from "../http/header-map.ts";
import type { Runtime, RuntimeShareData } from "../runtime/runtime.ts";
import { isInFraction } from "./fraction.ts";
import { hostPortStart } from "./host-port.ts";

/** Envoy's `RequestMirrorPolicy`, checked. Plain data. */
export interface RequestMirrorData {
  /** `""` if `clusterHeader` is given. */
  readonly cluster: string;
  /** Lower case; the header that names the cluster. `""` if `cluster` is given. */
  readonly clusterHeader: string;
  /** Null = every request. */
  readonly fraction: RuntimeShareData | null;
  /** The copy's host says `-shadow`. */
  readonly appendsShadow: boolean;
  /** Whether the span of the copy is sampled; null = as that of the request. */
  readonly traceSampled: boolean | null;
}

/** Name of the cluster that a copy of the request goes to; `""` if there is to be none. `randomValue` is a uniform integer in [0, 2^32). */
export function mirrorCluster(
  policy: RequestMirrorData,
  headers: RequestHeaderMap,
  runtime: Runtime,
  randomValue: number,
): string {
  if (policy.fraction !== null && !isInFraction(runtime.share(policy.fraction), randomValue)) return "";
  return policy.clusterHeader === "" ? policy.cluster : (headers.get(policy.clusterHeader) ?? "");
}

/** `example.com:80` → `example.com-shadow:80`. */
export function shadowAuthority(authority: string): string {
  const portStart = hostPortStart(authority);
  return portStart === -1
    ? `${authority}-shadow`
    : `${authority.slice(0, portStart)}-shadow${authority.slice(portStart)}`;
}
