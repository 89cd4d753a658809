import { systemClock } from "../../base/clock.ts";
import { SystemRandom } from "../../base/random.ts";
import { lowerThreadPriority } from "../../base/thread-priority.ts";
import { unpackResource } from "../../config/compiler/resource-packing.ts";
import { configuredAddresses, explainRequest } from "../../extensions/explain-request.ts";
import type { ExplainRequest, Explanation } from "../../extensions/explanation.ts";
import { LoadedExtensions } from "../../extensions/worker-extensions.ts";
import type { ListenerData } from "../../listener/listener-data.ts";
import { RouteTable } from "../../route/route-table.ts";
import type { RouteTableData } from "../../route/route-table-data.ts";
import type { ClusterData } from "../../upstream/cluster-data.ts";
import {
  aggregateExplanation,
  type ClusterExplanation,
  clusterExplanation,
} from "../../upstream/cluster-explanation.ts";
import type { Host } from "../../upstream/host.ts";
import { HostRegistry } from "../../upstream/host-registry.ts";

/** A compiled resource of a configuration that is not in force. */
export interface ProposedResource {
  readonly kind: string;
  readonly name: string;
  /** Packed. */
  readonly data: Uint8Array;
}

/** What the thread that explains is sent. */
export interface ExplainTask {
  readonly request: ExplainRequest;
  readonly resources: readonly ProposedResource[];
  /** Names of all extensions that the configuration uses. */
  readonly extensions: readonly string[];
}

/** An explanation, or why there is none. */
export type ExplainTaskOutcome = { readonly explanation: Explanation } | { readonly problem: string };

/**
 * Entry of the thread that explains on a proposed configuration: builds of it what the request comes by, with the tables that workers
 * use. Hosts that discovery would bring are not looked for.
 */
export default async function explainProposed(task: ExplainTask): Promise<ExplainTaskOutcome> {
  lowerThreadPriority("onlooker");
  const { request, resources } = task;
  const extensions = new LoadedExtensions();
  await extensions.load(task.extensions);
  const random = new SystemRandom();
  const format = { hostname: "", environment: new Map<string, string>(), clock: systemClock, random };
  const find = (kind: string, name: string): unknown => {
    const found = resources.find((resource) => resource.kind === kind && resource.name === name);
    return found === undefined ? undefined : unpackResource(found.data);
  };
  const listeners = resources.filter(({ kind }) => kind === "listener").map(({ data }) => unpackResource(data));
  try {
    const explanation = explainRequest(request, {
      clock: systemClock,
      random,
      networkFilters: extensions.networkFilters,
      udpListenerFilters: extensions.udpListenerFilters,
      listeners: (listeners as ListenerData[]).map((data) => ({ data, addresses: configuredAddresses(data) })),
      routeTable(name) {
        const data = find("routeTable", name) as RouteTableData | undefined;
        // Filters make nothing here of what routes configure for them: nobody asks.
        return data === undefined ? null : new RouteTable(data, (_filter, config) => config.data, format);
      },
      cluster(name, metadataMatch) {
        const data = find("cluster", name) as ClusterData | undefined;
        if (data === undefined) return null;
        return configuredExplanation(
          data,
          metadataMatch,
          (member) => find("cluster", member) as ClusterData | undefined,
        );
      },
    });
    return { explanation };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** What is known of a cluster before it is in force. */
function configuredExplanation(
  data: ClusterData,
  metadataMatch: Parameters<typeof clusterExplanation>[2],
  find: (cluster: string) => ClusterData | undefined,
): ClusterExplanation {
  const members = data.aggregate?.flatMap((name) => find(name) ?? []) ?? [];
  const explained =
    data.aggregate === null
      ? clusterExplanation(data, configuredHosts(data), metadataMatch)
      : aggregateExplanation(
          data,
          members.map((member) => ({ name: member.name, hosts: configuredHosts(member) })),
        );
  // What discovery would find is not known.
  const isOpen = [data, ...members].some(
    ({ discovery, endpoints }) => discovery === "dynamic" && endpoints.length === 0,
  );
  return isOpen ? { ...explained, whyNone: "" } : explained;
}

function configuredHosts({ endpoints }: ClusterData): readonly Host[] {
  return new HostRegistry(endpoints.map((endpoint) => ({ endpoint, healthFlags: 0 }))).hosts;
}
