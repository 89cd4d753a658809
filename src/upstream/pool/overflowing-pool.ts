import type { ResponseDecoder } from "../../http/codec.ts";
import type { Host } from "../host.ts";
import type { HttpConnPool, PoolCallbacks } from "./http-conn-pool.ts";

/**
 * In place of a pool of which there may be no more: `max_connection_pools`.
 * Differs from Envoy: the request is answered as at every other circuit breaker (503 UO); there, as if there were no healthy host.
 */
export class OverflowingPool implements HttpConnPool {
  readonly host: Host;
  readonly hasReadyConnection = false;

  constructor(host: Host) {
    this.host = host;
  }

  preconnect(): false {
    return false;
  }

  newStream(_decoder: ResponseDecoder, callbacks: PoolCallbacks): null {
    callbacks.onPoolFailure("overflow", "", this.host);
    return null;
  }
}
