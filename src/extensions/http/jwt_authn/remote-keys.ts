import type { WheelTimer } from "../../../base/timer-wheel.ts";
import { RequestHeaderMap } from "../../../http/header-map.ts";
import type { Span } from "../../../http/span.ts";
import type { AsyncCall } from "../../../upstream/async/async-failure.ts";
import type { AsyncResponse } from "../../../upstream/async/async-request.ts";
import type { WorkerContext } from "../../extension-module.ts";
import { LARGEST_JWKS_BYTES, parseJwks } from "./json-web-key-set.ts";
import type { RemoteKeysData } from "./jwt-data.ts";
import { createJwtKey, type JwtKey } from "./jwt-key.ts";
import type { JwtAuthnStats } from "./stats.ts";

/** Keys are fetched anew so long before they are too old, so that no request has to wait. As in Envoy. */
const AHEAD_MS = 5000;
/** How long a new filter waits for its cluster, which comes into force together with it. */
const STARTING_MS = 50;

/**
 * The keys of a provider that are fetched from a URI through a cluster, on one worker and for one filter. Whoever needs them meanwhile waits
 * for the one fetch under way. Source: Envoy's `JwksFetcher` and `JwksAsyncFetcher`.
 * Differs from Envoy: with `async_fetch` each worker fetches for itself, and no listener waits for keys: the first requests do, as with
 * `fast_listener`.
 */
export class RemoteKeys {
  readonly #data: RemoteKeysData;
  readonly #worker: WorkerContext;
  readonly #stats: JwtAuthnStats;
  readonly #refetch: WheelTimer | null;
  /** For those who have just waited for it, however short keys may be kept. */
  lastFetchSucceeded = false;
  readonly #waiting = new Set<() => void>();
  #keys: readonly JwtKey[] | null = null;
  #fetchedAtMs = 0;
  #call: AsyncCall | null = null;
  #isFetching = false;

  constructor(data: RemoteKeysData, worker: WorkerContext, stats: JwtAuthnStats) {
    this.#data = data;
    this.#worker = worker;
    this.#stats = stats;
    this.#refetch = data.background === null ? null : worker.timers.timer(() => this.#fetchInBackground());
    this.#refetch?.arm(STARTING_MS);
  }

  /** Null if there are none yet. */
  get keys(): readonly JwtKey[] | null {
    return this.#keys;
  }

  /** Whether there are keys, and not too old ones. */
  get isFresh(): boolean {
    return this.#keys !== null && this.#worker.clock.nowMs() - this.#fetchedAtMs < this.#data.cacheMs;
  }

  /**
   * Fetches the keys; `onDone` is told when it is over, however it ended, perhaps before this returns. `span`: of the request that needs them; a fetch
   * that others wait for, too, is a part of the first one's.
   */
  fetch(onDone: () => void, span: Span | null): void {
    this.#waiting.add(onDone);
    if (!this.#isFetching) this.#fetch(span);
  }

  /** `onDone` is not told. */
  forget(onDone: () => void): void {
    this.#waiting.delete(onDone);
  }

  dispose(): void {
    this.#refetch?.disarm();
    this.#call?.cancel();
    this.#call = null;
    this.#isFetching = true;
  }

  #fetchInBackground(): void {
    if (this.#isFetching) return;
    if (this.#worker.clusters.get(this.#data.service.cluster) === undefined) this.#refetch?.arm(STARTING_MS);
    else this.#fetch(null);
  }

  #fetch(parent: Span | null): void {
    const { service, retry } = this.#data;
    const headers = new RequestHeaderMap();
    headers.method = "GET";
    headers.scheme = service.scheme;
    headers.authority = service.authority;
    headers.path = service.path;
    this.#isFetching = true;
    const request = {
      headers,
      body: null,
      timeoutMs: service.timeoutMs,
      maxResponseBytes: LARGEST_JWKS_BYTES,
      retry,
      trace: parent === null ? null : { parent, name: "JWT Remote PubKey Fetch", grpcAuthority: null },
    };
    const call = this.#worker.asyncClient.send(service.cluster, request, {
      onResponse: (response) => this.#onDone(keysIn(response)),
      onFailure: () => this.#onDone(null),
    });
    if (this.#isFetching) this.#call = call;
  }

  #onDone(keys: readonly JwtKey[] | null): void {
    this.#call = null;
    this.#isFetching = false;
    this.lastFetchSucceeded = keys !== null;
    const { background, cacheMs } = this.#data;
    if (keys === null) {
      this.#stats.jwksFetchFailed.inc();
    } else {
      this.#stats.jwksFetchSuccess.inc();
      this.#keys = keys;
      this.#fetchedAtMs = this.#worker.clock.nowMs();
    }
    if (background !== null) {
      this.#refetch?.arm(
        keys === null ? background.failedRefetchMs : cacheMs > AHEAD_MS ? cacheMs - AHEAD_MS : cacheMs,
      );
    }
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const onDone of waiting) onDone();
  }
}

/** Null if the response has no key that tokens can be verified with. */
function keysIn({ headers, body }: AsyncResponse): JwtKey[] | null {
  const keys = headers.status === 200 ? parseJwks(body.toString("utf8")) : null;
  const usable = keys?.flatMap((jwk) => createJwtKey(jwk) ?? []) ?? [];
  return usable.length === 0 ? null : usable;
}
