import { SystemRandom } from "../../../../src/base/random.ts";
import type {
  RequestEncoder,
  ResponseDecoder,
  StreamCallbacks,
  StreamResetReason,
} from "../../../../src/http/codec.ts";
import { RequestHeaderMap, type ResponseHeaderMap } from "../../../../src/http/header-map.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../../src/lb/load-balancer-context.ts";
import { WriteFlusher } from "../../../../src/net/write-flusher.ts";
import type { ResourcePriority } from "../../../../src/upstream/circuit-breaker/circuit-breaker.ts";
import { CircuitBreakerCells } from "../../../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { ClusterData } from "../../../../src/upstream/cluster-data.ts";
import { ClusterManager } from "../../../../src/upstream/cluster-manager.ts";
import type { Host } from "../../../../src/upstream/host.ts";
import type {
  PendingStream,
  PoolCallbacks,
  PoolFailureReason,
  UpstreamConnectionInfo,
} from "../../../../src/upstream/pool/http-conn-pool.ts";
import { http1PoolEnvironment } from "../../../../src/upstream/pool/http1-pool-environment.ts";
import type { PoolEnvironment, UpstreamConnector } from "../../../../src/upstream/pool/pool-environment.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";

/** One request through a pool, recorded: what a router would do, without deciding anything. */
export class PoolRequest implements ResponseDecoder, PoolCallbacks, StreamCallbacks {
  readonly ready: Promise<void>;
  /** Settled when the response is complete or never will be; the outcome in words. */
  readonly done: Promise<string>;
  encoder: RequestEncoder | null = null;
  connection: UpstreamConnectionInfo | null = null;
  reused = false;
  host: Host | null = null;
  pending: PendingStream | null = null;
  body = "";
  /** The outcome so far; empty until there is one. */
  outcome = "";
  #status = 0;
  readonly #markReady: () => void;
  readonly #markDone: (outcome: string) => void;
  readonly #headers: RequestHeaderMap | null;

  /** `send`: the request is written as soon as there is a connection. */
  constructor(send = true) {
    const ready = Promise.withResolvers<void>();
    const done = Promise.withResolvers<string>();
    this.ready = ready.promise;
    this.done = done.promise;
    this.#markReady = ready.resolve;
    this.#markDone = done.resolve;
    this.#headers = send ? getRequest() : null;
  }

  onPoolReady(encoder: RequestEncoder, host: Host, connection: UpstreamConnectionInfo): void {
    this.encoder = encoder;
    this.host = host;
    this.connection = connection;
    this.reused = connection.reused;
    encoder.stream.setCallbacks(this);
    if (this.#headers !== null) encoder.encodeHeaders(this.#headers, true);
    this.#markReady();
  }

  onPoolFailure(reason: PoolFailureReason, transportFailureReason: string): void {
    this.#finish(transportFailureReason === "" ? reason : `${reason}: ${transportFailureReason}`);
  }

  decode1xxHeaders(): void {}

  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#status = headers.status;
    if (endStream) this.#finish(String(headers.status));
  }

  decodeData(data: Buffer, endStream: boolean): void {
    this.body += data.toString("latin1");
    if (endStream) this.#finish(String(this.#status));
  }

  decodeTrailers(): void {
    this.#finish(String(this.#status));
  }

  onResetStream(reason: StreamResetReason): void {
    this.#finish(reason);
  }

  onAboveWriteBufferHighWatermark(): void {}
  onBelowWriteBufferLowWatermark(): void {}

  #finish(outcome: string): void {
    this.outcome = outcome;
    this.#markDone(outcome);
  }
}

function getRequest(): RequestHeaderMap {
  const headers = new RequestHeaderMap();
  headers.method = "GET";
  headers.path = "/";
  headers.authority = "one.test";
  return headers;
}

/** What a `WorkerFixture` can share with others, or do differently. */
export interface WorkerFixtureOptions {
  readonly cells?: CircuitBreakerCells;
  readonly workerSlot?: number;
  readonly connect?: UpstreamConnector;
  readonly stats?: RecordingStats;
}

/** A cluster manager as one worker has it, on a clock that the test moves. */
export class WorkerFixture {
  readonly clock = new FakeClock();
  readonly stats: RecordingStats;
  readonly cells: CircuitBreakerCells;
  readonly manager: ClusterManager;
  readonly environment: PoolEnvironment;
  readonly #workerSlot: number;

  constructor(options: WorkerFixtureOptions = {}) {
    const { cells = new CircuitBreakerCells(), workerSlot = 0 } = options;
    this.cells = cells;
    this.stats = options.stats ?? new RecordingStats();
    this.#workerSlot = workerSlot;
    const environment = http1PoolEnvironment(this.clock.timers, new WriteFlusher());
    this.environment = { ...environment, connect: options.connect ?? environment.connect };
    this.manager = new ClusterManager({
      stats: this.stats,
      workerName: `worker_${workerSlot}`,
      random: new SystemRandom(),
      environment: this.environment,
    });
  }

  apply(upserts: readonly ClusterData[], removals: readonly string[] = []): void {
    const slots = upserts.map((data) => this.cells.allocate(data.name));
    this.manager.apply({
      upserts: upserts.map((data, at) => ({ data, hash: JSON.stringify(data), breakerSlot: slots[at]! })),
      removals,
      breakerChunks: this.cells.chunksFor(this.#workerSlot),
    });
  }

  /** Asks for a stream to a host of cluster `one`. */
  request(request = new PoolRequest(), priority: ResourcePriority = "default", name = "one"): PoolRequest {
    const cluster = this.manager.get(name)!;
    const host = cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!;
    request.pending = cluster.httpPool(host, priority, "").newStream(request, request);
    return request;
  }

  /** A counter or gauge of cluster `one`. */
  stat(name: string): number {
    return this.stats.value(`cluster.one.${name}`);
  }

  /** The counters and gauges of cluster `one` among `names`, as one object to compare. */
  statsOf(...names: readonly string[]): Record<string, number> {
    return Object.fromEntries(names.map((name) => [name, this.stat(name)]));
  }

  close(): void {
    this.manager.close();
  }
}
