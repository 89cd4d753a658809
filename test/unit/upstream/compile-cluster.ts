import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { ItemCompilation } from "../../../src/config/compiler/item-compilation.ts";
import { ExtensionIndex } from "../../../src/config/extension-index.ts";
import { Place } from "../../../src/config/place.ts";
import { supportTables } from "../../../src/config/support-walk.ts";
import { aggregateClusterConfig } from "../../../src/extensions/clusters/aggregate/config.ts";
import { leastRequestConfig } from "../../../src/extensions/load_balancing_policies/least_request/config.ts";
import { maglevConfig } from "../../../src/extensions/load_balancing_policies/maglev/config.ts";
import { randomConfig } from "../../../src/extensions/load_balancing_policies/random/config.ts";
import { ringHashConfig } from "../../../src/extensions/load_balancing_policies/ring_hash/config.ts";
import { roundRobinConfig } from "../../../src/extensions/load_balancing_policies/round_robin/config.ts";
import { subsetConfig } from "../../../src/extensions/load_balancing_policies/subset/config.ts";
import { wrrLocalityConfig } from "../../../src/extensions/load_balancing_policies/wrr_locality/config.ts";
import { rawBufferConfig } from "../../../src/extensions/transport_sockets/raw_buffer/config.ts";
import { upstreamTlsConfig } from "../../../src/extensions/transport_sockets/tls/config.ts";
import { upstreamProxyProtocolConfig } from "../../../src/extensions/transport_sockets/upstream_proxy_protocol/config.ts";
import { httpProtocolOptionsConfig } from "../../../src/extensions/upstream_options/http_protocol_options/config.ts";
import { ClusterSchema } from "../../../src/proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { typeRegistry } from "../../../src/proto/type-registry.ts";
import { headerValueSupport } from "../../../src/route/compile/header-mutations.ts";
import { matcherSupport } from "../../../src/route/compile/matchers.ts";
import type { ClusterData } from "../../../src/upstream/cluster-data.ts";
import { policySupport } from "../../../src/upstream/compile/cluster-support.ts";
import { clusterCompiler } from "../../../src/upstream/config.ts";

const EXTENSIONS = [
  aggregateClusterConfig,
  httpProtocolOptionsConfig,
  roundRobinConfig,
  leastRequestConfig,
  randomConfig,
  ringHashConfig,
  maglevConfig,
  wrrLocalityConfig,
  subsetConfig,
  rawBufferConfig,
  upstreamTlsConfig,
  upstreamProxyProtocolConfig,
];

/** A compiled cluster and what was said about it. */
export interface CompiledCluster {
  readonly data: ClusterData;
  readonly problems: readonly string[];
  /** What it adds beside the cluster, such as its `discovery`. */
  readonly resources: readonly { readonly kind: string; readonly data: unknown }[];
}

/** Checks and compiles a cluster named `one`, as the compiler thread does. */
export function compileCluster(json: JsonObject, allowUnsupported = false): CompiledCluster {
  const message = fromJson(ClusterSchema, { name: "one", ...json }, { registry: typeRegistry });
  const tables = supportTables([...clusterCompiler.support, ...headerValueSupport, ...matcherSupport]);
  const facts = { nodeId: "", nodeCluster: "", nodeZone: "", directory: "/", secrets: {} };
  const extensions = new ExtensionIndex(EXTENSIONS, supportTables(policySupport, tables));
  const context = new ItemCompilation({ facts, extensions, allowUnsupported });
  context.check(ClusterSchema, message, Place.root, tables);
  const data = clusterCompiler.compile(message, Place.root, context) as ClusterData;
  const problems = context.problems.map(({ severity, place, message }) => `${severity} ${place}: ${message}`);
  return { data, problems, resources: context.resources };
}
