import type { RequestHeaderMap } from "../../http/header-map.ts";
import type { ClusterDirectory } from "../thread-local-cluster.ts";
import type { AsyncCall, AsyncFailure, AsyncFailureReason } from "./async-failure.ts";
import {
  type AsyncEnvironment,
  type AsyncRequest,
  type AsyncRequestCallbacks,
  AsyncRequestRun,
} from "./async-request.ts";
import { AsyncStream, type AsyncStreamCallbacks } from "./async-stream.ts";

/**
 * HTTP requests that the proxy itself makes on a worker, to hosts of a cluster: by the cluster's load balancer, pools (HTTP/1 or
 * HTTP/2, as the cluster says), circuit breakers and statistics. For filters that ask a service about a request, and for whatever
 * exports or fetches something from time to time. One per worker; `WorkerContext.asyncClient`.
 *
 * ```ts
 * const headers = new RequestHeaderMap();
 * headers.method = "POST";
 * headers.scheme = "http";
 * headers.authority = "collector.test";
 * headers.path = "/v1/traces";
 * headers.add("content-type", "application/x-protobuf");
 * const call = worker.asyncClient.send(
 *   "collector",
 *   { headers, body, timeoutMs: 1000, maxResponseBytes: 65_536, retry: null },
 *   {
 *     onResponse: ({ headers, body }) => …,      // a whole response, whatever its status
 *     onFailure: ({ reason, details }) => …,     // no response, and why
 *   },
 * );
 * call.cancel(); // nobody waits any more: no calls back
 * ```
 *
 * Callbacks may come before `send` returns. What is under way never keeps a worker from draining, and ends with it: `closed`.
 * gRPC goes by `AsyncGrpcClient`. Source: Envoy's `Http::AsyncClientImpl`.
 * Differs from Envoy: no `x-forwarded-for` and no `x-envoy-expected-rq-timeout-ms` is added to such requests.
 */
export class AsyncClient {
  readonly #clusters: ClusterDirectory;
  readonly #environment: AsyncEnvironment;
  readonly #running = new Set<AsyncRequestRun | AsyncStream>();
  #closed = false;

  constructor(clusters: ClusterDirectory, environment: AsyncEnvironment) {
    this.#clusters = clusters;
    this.#environment = environment;
  }

  /** Sends a whole request and gathers the whole response. */
  send(cluster: string, request: AsyncRequest, callbacks: AsyncRequestCallbacks): AsyncCall {
    const found = this.#closed ? undefined : this.#clusters.get(cluster);
    if (found === undefined) return this.#refuse(cluster, callbacks);
    const onOver = (over: AsyncRequestRun): void => void this.#running.delete(over);
    const run = new AsyncRequestRun(found, request, callbacks, this.#environment, onOver);
    this.#running.add(run);
    run.start();
    return run;
  }

  /**
   * Begins a request whose body is sent, and whose response comes, in pieces. Without time limit. Null if it failed at once, which the
   * callbacks were told.
   */
  open(
    cluster: string,
    headers: RequestHeaderMap,
    endStream: boolean,
    callbacks: AsyncStreamCallbacks,
  ): AsyncStream | null {
    const found = this.#closed ? undefined : this.#clusters.get(cluster);
    if (found === undefined) {
      this.#refuse(cluster, callbacks);
      return null;
    }
    const { clock } = this.#environment.timers;
    const stream = new AsyncStream(
      found,
      headers,
      endStream,
      callbacks,
      clock,
      (over) => void this.#running.delete(over),
    );
    this.#running.add(stream);
    stream.start();
    return stream.isOver ? null : stream;
  }

  /** Whether `stream` goes to a cluster that is no longer in force: it should end, and a new one be opened. */
  isStale(stream: AsyncStream): boolean {
    return this.#closed || this.#clusters.get(stream.cluster.info.name) !== stream.cluster;
  }

  /** How many requests and streams are under way. */
  get activeCount(): number {
    return this.#running.size;
  }

  /** The worker ends: all that is under way fails, and so does all that is asked afterwards. */
  close(): void {
    this.#closed = true;
    for (const run of [...this.#running]) run.abort("closed", "the worker ends");
  }

  #refuse(cluster: string, callbacks: { onFailure(failure: AsyncFailure, span: null): void }): AsyncCall {
    const reason: AsyncFailureReason = this.#closed ? "closed" : "noCluster";
    callbacks.onFailure(
      {
        reason,
        details: this.#closed ? "the worker ends" : `there is no cluster ${cluster}`,
      },
      null,
    );
    return NOTHING;
  }
}

const NOTHING: AsyncCall = { cancel: () => {} };
