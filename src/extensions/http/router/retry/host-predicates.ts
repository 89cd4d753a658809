import type { CompiledExtension } from "../../../../config/compile-context.ts";
import type { LbHost } from "../../../../lb/lb-host.ts";
import { carries } from "../../../../lb/subset-index.ts";
import type { OmitHostMetadataData } from "../../../../route/retry-policy-data.ts";

/** Whether a retry must not go to `host`, with what was tried for the request before. */
export type HostPredicate = (host: LbHost, tried: readonly LbHost[]) => boolean;

/** What the entries of `retry_host_predicate` mean. Unknown ones do not get here. */
export function hostPredicates(extensions: readonly CompiledExtension[]): HostPredicate[] {
  return extensions.map(({ extension, data }) => {
    switch (extension) {
      case "envoy.retry_host_predicates.omit_canary_hosts":
        return isCanary;
      case "envoy.retry_host_predicates.omit_host_metadata":
        return carriesMetadata(data as OmitHostMetadataData);
      default:
        return wasTried;
    }
  });
}

function wasTried(host: LbHost, tried: readonly LbHost[]): boolean {
  return tried.includes(host);
}

function isCanary(host: LbHost): boolean {
  return host.metadata.get("envoy.lb")?.canary === true;
}

function carriesMetadata({ metadata }: OmitHostMetadataData): HostPredicate {
  if (Object.keys(metadata).length === 0) return () => false;
  return (host) => carries(host, metadata, true);
}
