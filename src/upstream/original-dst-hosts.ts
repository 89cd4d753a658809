import type { WheelTimer } from "../base/timer-wheel.ts";
import type { LoadBalancerContext } from "../lb/load-balancer-context.ts";
import { formatAddress } from "../net/address.ts";
import { parseIpPort } from "../net/parse-ip-port.ts";
import type { Counter } from "../stats/scope.ts";
import type { EndpointData, OriginalDstData } from "./cluster-data.ts";
import type { Host } from "./host.ts";
import type { HostRegistry } from "./host-registry.ts";

/** The header is the client's: it must not fill the memory with hosts. */
const MAX_HOSTS = 10_000;

/** What an ORIGINAL_DST cluster needs of the cluster it belongs to. */
export interface OriginalDstOwner {
  /** Makes a timer of the worker's wheel. */
  timer(onTimeout: () => void): WheelTimer;
  /** Whether any connection to the host is open or awaited. */
  isInUse(host: Host): boolean;
  /** Hosts came or went. `removed` serve no new requests. */
  onHostsChanged(removed: readonly Host[]): void;
}

/**
 * The hosts of an ORIGINAL_DST cluster on one worker: whatever address the request's header names becomes a host when it is first named,
 * and goes when nobody has named it for an interval and it has no connections. Source: Envoy's `OriginalDstCluster`.
 * Differs from Envoy: each worker has hosts of its own, at most 10,000; a request for one more finds no healthy host.
 */
export class OriginalDstHosts {
  readonly #data: OriginalDstData;
  readonly #hosts: HostRegistry;
  readonly #owner: OriginalDstOwner;
  readonly #invalid: Counter;
  /** Those chosen since the last clean-up. */
  readonly #used = new Set<Host>();
  readonly #cleanUp: WheelTimer;
  #stopped = false;

  constructor(data: OriginalDstData, hosts: HostRegistry, owner: OriginalDstOwner, invalid: Counter) {
    this.#data = data;
    this.#hosts = hosts;
    this.#owner = owner;
    this.#invalid = invalid;
    this.#cleanUp = owner.timer(() => this.#removeUnused());
  }

  /** Null if the request names no address, or the header is no IP address with a port, which is counted. */
  chooseHost(context: LoadBalancerContext): Host | null {
    const text = context.downstreamHeader?.(this.#data.header);
    if (text === undefined) return null;
    const named = parseIpPort(text);
    if (named === null) {
      this.#invalid.inc();
      return null;
    }
    const { portOverride } = this.#data;
    const address = portOverride === null ? named : { ...named, port: portOverride };
    const host = this.#hosts.find(formatAddress(address)) ?? this.#add(address);
    if (host !== null) this.#used.add(host);
    return host;
  }

  /** The cluster is removed or replaced: no more cleaning up. */
  stop(): void {
    this.#stopped = true;
    this.#cleanUp.disarm();
  }

  #add(address: EndpointData["address"]): Host | null {
    if (this.#hosts.size >= MAX_HOSTS) return null;
    const host = this.#hosts.add({ endpoint: { ...PLAIN_ENDPOINT, address }, healthFlags: 0 });
    if (!this.#cleanUp.armed && !this.#stopped) this.#cleanUp.arm(this.#data.cleanupIntervalMs);
    this.#owner.onHostsChanged([]);
    return host;
  }

  #removeUnused(): void {
    const unused = this.#hosts.hosts.filter((host) => !this.#used.has(host) && !this.#owner.isInUse(host));
    this.#used.clear();
    if (unused.length > 0) {
      const addresses = unused.map(({ addressText }) => addressText);
      this.#owner.onHostsChanged(this.#hosts.change([], addresses));
    }
    if (this.#hosts.size > 0 && !this.#stopped) this.#cleanUp.arm(this.#data.cleanupIntervalMs);
  }
}

const PLAIN_ENDPOINT: Omit<EndpointData, "address"> = {
  hostname: "",
  weight: 1,
  priority: 0,
  locality: { region: "", zone: "", subZone: "" },
  localityWeight: 0,
  healthStatus: "unknown",
  healthCheck: null,
  metadata: [],
};
