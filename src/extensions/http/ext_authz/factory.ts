import { MetadataMatcher } from "../../../match/metadata-matcher.ts";
import type { HttpFilterModule, WorkerContext } from "../../extension-module.ts";
import type { AuthzClient } from "./authz-answer.ts";
import type { ExtAuthzData } from "./ext-authz-data.ts";
import { ExtAuthzFilter, type ExtAuthzRuntime } from "./filter.ts";
import { GrpcAuthzClient } from "./grpc-client.ts";
import { HttpAuthzClient } from "./http-client.ts";
import { MutationRules } from "./mutation-rules.ts";
import { authzClusterCounters, ExtAuthzStats } from "./stats.ts";

/** `envoy.filters.http.ext_authz`, worker side. */
export const httpFilter: HttpFilterModule = {
  createFactory(config, { scope, worker }) {
    const data = config as ExtAuthzData;
    const runtime: ExtAuthzRuntime = {
      data,
      client: createClient(data, worker),
      enabledMetadata: data.enabledMetadata === null ? null : new MetadataMatcher(data.enabledMetadata),
      mutationRules: data.mutationRules === null ? null : new MutationRules(data.mutationRules),
      stats: new ExtAuthzStats(scope, data.statPrefix),
      clusterStats: authzClusterCounters(data.statPrefix),
      clusters: worker.clusters,
      random: worker.random,
      values: worker.runtime,
    };
    return { create: (chain) => chain.addFilter(new ExtAuthzFilter(runtime)), dispose: () => {} };
  },
};

function createClient(data: ExtAuthzData, { asyncClient: client, format }: WorkerContext): AuthzClient {
  const { service } = data;
  if (service.type === "http") return new HttpAuthzClient(client, service, data, format);
  return new GrpcAuthzClient(client, service.service, data);
}
