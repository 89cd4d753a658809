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
import { clusterExplanation } from "../../upstream/cluster-explanation.ts";
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
        const members = data.endpoints.map((endpoint) => ({ endpoint, healthFlags: 0 }));
        const explained = clusterExplanation(data, new HostRegistry(members).hosts, metadataMatch);
        // What discovery would find is not known.
        return data.discovery === "dynamic" && members.length === 0 ? { ...explained, whyNone: "" } : explained;
      },
    });
    return { explanation };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
