import type { Socket } from "node:net";
import type { AttributeValue } from "../../src/actor/inspection/actor-report.ts";
import { settleWithin } from "../../src/actor/settle-within.ts";
import type { ApplicationLog } from "../../src/base/application-log.ts";
import type { LogLevel } from "../../src/base/log.ts";
import { memoryHeld } from "../../src/base/memory-held.ts";
import { explainRequest } from "../../src/extensions/explain-request.ts";
import type { ExplainRequest, Explanation } from "../../src/extensions/explanation.ts";
import type { LoadedExtensions } from "../../src/extensions/worker-extensions.ts";
import type { WriteFlusher } from "../../src/net/write-flusher.ts";
import type { RuntimeEntry } from "../../src/runtime/runtime-entry.ts";
import { isEmptyDelta } from "../../src/stats/stats-delta.ts";
import type { BreakerChunk } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { MembershipDelta } from "../../src/upstream/membership/membership-delta.ts";
import { DataPlane } from "./data-plane.ts";
import type {
  Drain,
  Drained,
  DrainListeners,
  InspectQuery,
  ListeningServer,
  ResourceName,
  ServerCount,
  StatsShard,
} from "./protocol.ts";
import type { ProxySettings } from "./proxy-settings.ts";
import type { SnapshotChange, WorkerResource, WorkerRuntime, WorkerServices } from "./runtime.ts";
import { namesOf, resourcesOf } from "./snapshot-resources.ts";
import { SnapshotStaging } from "./snapshot-staging.ts";
import { isListingName, WorkerListings } from "./worker-listings.ts";

/** How long a worker that stops waits for its access logs. */
const LOG_DRAIN_MS = 1000;

/** What the actor of a worker can do with its data plane. */
export class ProxyRuntime implements WorkerRuntime {
  readonly #settings: ProxySettings;
  readonly #applicationLog: ApplicationLog;
  readonly #plane: DataPlane;
  readonly #staging: SnapshotStaging;
  readonly #listings: WorkerListings;

  constructor(
    services: WorkerServices,
    settings: ProxySettings,
    extensions: LoadedExtensions,
    applicationLog: ApplicationLog,
    flusher: WriteFlusher,
  ) {
    this.#settings = settings;
    this.#applicationLog = applicationLog;
    this.#plane = new DataPlane(services, settings, extensions, flusher);
    this.#staging = new SnapshotStaging(this.#plane);
    this.#listings = new WorkerListings(this.#plane);
  }

  prepare(change: SnapshotChange): Promise<void> {
    return this.#staging.prepare(change);
  }

  commit(version: number): Promise<void> {
    return this.#staging.commit(version);
  }

  abort(version: number): void {
    if (this.#staging.preparedVersion === version) this.#staging.abort();
  }

  updateMembership(deltas: readonly MembershipDelta[], hostChunks: readonly BreakerChunk[]): readonly string[] {
    return this.#plane.clusters.applyMembership(deltas, hostChunks);
  }

  takeListeningServers(servers: "all" | readonly ServerCount[]): ListeningServer[] {
    return this.#plane.handler.takeServers(servers);
  }

  adoptListeningServers(servers: readonly ListeningServer[]): void {
    this.#plane.handler.adopt(servers);
  }

  acceptConnection(key: string, socket: Socket, onClosed: () => void): void {
    this.#plane.handler.acceptSocket(key, socket, onClosed);
  }

  async drain({ deadlineMs, immediate, idleMs }: Pick<Drain, "deadlineMs" | "immediate" | "idleMs">): Promise<Drained> {
    this.#plane.handler.stopListening();
    this.#plane.udpHandler.stopListening();
    const before = this.#plane.handler.connectionCount;
    const cutBefore = this.#plane.handler.cutCount;
    this.#plane.handler.startDrain({ timeMs: deadlineMs, strategy: immediate ? "immediate" : "gradual", idleMs });
    await new Promise<void>((resolve) => this.#plane.handler.whenEmpty(resolve));
    const cut = this.#plane.handler.cutCount - cutBefore;
    return { type: "drained", finished: before - cut, cut };
  }

  drainListeners({ graceful, inboundOnly }: DrainListeners): void {
    if (graceful) this.#plane.handler.startDrain(this.#settings.drain, inboundOnly);
    else {
      this.#plane.handler.stopListening(inboundOnly);
      this.#plane.udpHandler.stopListening(inboundOnly);
    }
  }

  async stop(): Promise<void> {
    this.#staging.abort();
    this.#plane.handler.close();
    this.#plane.udpHandler.close();
    this.#plane.asyncClient.close();
    this.#plane.clusters.close();
    // A thread that ends takes with it what is on its way to a disk.
    const drained = new Promise<void>((resolve) => this.#plane.accessLogFiles.drain(resolve));
    await settleWithin(this.#plane.context.timers, LOG_DRAIN_MS, drained);
    this.#plane.accessLogFiles.flushSync();
    this.#plane.context.timers.stop();
  }

  takeStats(): StatsShard | undefined {
    this.#plane.clusters.refreshGauges();
    const delta = this.#plane.shard.takeDelta();
    const newMemory = this.#plane.shard.takeNewMemory();
    return isEmptyDelta(delta) && newMemory.length === 0 ? undefined : { delta, newMemory };
  }

  resetCounters(): void {}

  *attributes(): Iterable<readonly [string, AttributeValue]> {
    yield ["connections", this.#plane.handler.connectionCount];
    yield ["udpSessions", this.#plane.udpHandler.activeCount];
    yield ["upstreamConnections", this.#plane.clusters.connectionCount];
    yield ["armedTimers", this.#plane.context.timers.armedCount];
    yield ["longestStallMs", Math.round(this.#plane.context.timers.takeLongestLatenessMs())];
  }

  inspect({ view, parameters }: InspectQuery): unknown {
    if (isListingName(view)) return this.#listings.piece(view, parameters ?? {});
    switch (view) {
      case "listeners":
        return this.#plane.handler.inspect(0);
      case "explain":
        return this.#explain(JSON.parse(parameters?.request ?? "{}") as ExplainRequest);
      case "memory":
        return memoryHeld();
      default:
        throw new Error(`a worker has no view called ${view}`);
    }
  }

  describe(): unknown {
    const { listeners, connectionCount } = this.#plane.handler.inspect(0);
    return {
      listeners: [...listeners, ...this.#plane.udpHandler.reports()],
      connectionCount,
      prepared: this.#staging.preparedVersion,
      resources: this.#staging.resourceCounts(),
    };
  }

  closeConnection(id: number): boolean {
    return this.#plane.handler.closeConnection(id) || this.#plane.udpHandler.closeSession(id);
  }

  estimateDrain(upserts: readonly WorkerResource[], removed: readonly ResourceName[]): number {
    const changes = {
      upserts: resourcesOf("listener", upserts).map((resource) => resource.data),
      removals: namesOf("listener", removed),
    };
    const drains = [...this.#plane.handler.forecast(changes), ...this.#plane.udpHandler.forecast(changes)];
    return drains.reduce((sum, { connections }) => sum + connections, 0);
  }

  setLogLevel(component: string, level: LogLevel): void {
    this.#applicationLog.setLevel(component, level);
  }

  /** Writes what access logs have in memory while the thread waits; for its last moments. */
  flushLogs(): void {
    this.#plane.accessLogFiles.flushSync();
  }

  reopenLogs(): void {
    this.#plane.accessLogFiles.reopen();
    this.#applicationLog.reopen();
  }

  setRuntimeOverrides(overrides: ReadonlyMap<string, RuntimeEntry>): void {
    this.#plane.runtime.setOverrides(overrides);
  }

  setHealthCheckFailed(failed: boolean): void {
    this.#plane.condition.healthCheckFailed = failed;
    this.#plane.handler.setHealthCheckFailed(failed);
  }

  #explain(request: ExplainRequest): Explanation {
    const { clock, random, extensions } = this.#plane.context;
    return explainRequest(request, {
      clock,
      random,
      listeners: [...this.#plane.handler.current(), ...this.#plane.udpHandler.current()],
      networkFilters: extensions.networkFilters,
      udpListenerFilters: extensions.udpListenerFilters,
      routeTable: (name) => this.#plane.routeTables.find(name),
      cluster: (name, metadataMatch) => this.#plane.clusters.explain(name, metadataMatch),
    });
  }
}
