import type { Clock } from "../../base/clock.ts";
import type { RequestHeaderMap } from "../../http/header-map.ts";
import type { Span } from "../../http/span.ts";
import type { ThreadLocalCluster } from "../thread-local-cluster.ts";
import type { AsyncFailure } from "./async-failure.ts";

/** What a request of the proxy itself is for, where that is traced. */
export interface AsyncCallTrace {
  readonly parent: Span;
  readonly name: string;
  /** gRPC calls have no tags of HTTP, and are told to be `upstream_address` itself; null = HTTP. */
  readonly grpcAuthority: string | null;
}

/** Where a response came from. */
export interface AsyncCallPeer {
  /** `""` = no host was chosen. */
  readonly hostAddress: string;
  readonly protocol: string;
}

/**
 * The span of a request that the proxy makes for another one. It ends when nobody can say more of it: after the callbacks. Source: Envoy's
 * `AsyncRequestSharedImpl` and `Grpc::AsyncRequestImpl`.
 */
export class AsyncCallSpan {
  /** For whoever asked: more tags. */
  readonly span: Span;
  readonly #clock: Clock;
  readonly #isGrpc: boolean;
  #isOver = false;

  constructor({ parent, name, grpcAuthority }: AsyncCallTrace, cluster: ThreadLocalCluster, clock: Clock) {
    this.#clock = clock;
    this.#isGrpc = grpcAuthority !== null;
    this.span = parent.spawnChild(name, clock.wallMs());
    this.span.setTag("component", "proxy");
    this.span.setTag("upstream_cluster", cluster.info.name);
    if (grpcAuthority !== null) this.span.setTag("upstream_address", grpcAuthority);
    else this.span.setTag("upstream_cluster.name", cluster.info.observabilityName);
  }

  /** The request is about to be sent. */
  inject(headers: RequestHeaderMap): void {
    this.span.injectContext(headers);
  }

  responded(status: number, peer: AsyncCallPeer): void {
    if (!this.#isGrpc) this.#tagHttp(status, peer);
  }

  failed({ details }: AsyncFailure, peer: AsyncCallPeer): void {
    if (!this.#isGrpc) this.#tagHttp(0, peer);
    this.span.setTag("error", "true");
    this.span.setTag("error.reason", details);
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    if (this.#isGrpc) this.span.setTag("status", "canceled");
    else this.span.setTag("canceled", "true");
    this.finish();
  }

  finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.span.finish(this.#clock.wallMs());
  }

  #tagHttp(status: number, { hostAddress, protocol }: AsyncCallPeer): void {
    this.span.setTag("http.protocol", protocol === "" ? "-" : protocol);
    this.span.setTag("upstream_address", hostAddress);
    this.span.setTag("peer.address", hostAddress);
    this.span.setTag("http.status_code", String(status));
    this.span.setTag("response_flags", "-");
    if (status >= 500) this.span.setTag("error", "true");
  }
}
