import type { HeaderMap } from "../../../http/header-map.ts";
import type { ConnectionState } from "../../../net/connection-state.ts";
import type { TunnelData } from "./tcp-proxy-data.ts";

const HEADERS_KEY = "envoy.tcp_proxy.propagate_response_headers";
const TRAILERS_KEY = "envoy.tcp_proxy.propagate_response_trailers";

/**
 * Keeps what hosts answer to the requests for tunnels in the connection's filter state, as `tunneling_config` asks for, in the form of Envoy's
 * `HeaderMap` message. The last answer counts. Source: Envoy's `TunnelResponseHeaders`.
 */
export class TunnelRecord {
  readonly #data: TunnelData;
  readonly #state: ConnectionState;

  private constructor(data: TunnelData, state: ConnectionState) {
    this.#data = data;
    this.#state = state;
  }

  /** Null if nothing is to be kept. */
  static of(data: TunnelData, state: ConnectionState): TunnelRecord | null {
    return data.keepsResponseHeaders || data.keepsResponseTrailers ? new TunnelRecord(data, state) : null;
  }

  /** Also those that refuse. */
  noteHeaders(status: number, headers: HeaderMap): void {
    if (!this.#data.keepsResponseHeaders) return;
    this.#state.setFilterState(HEADERS_KEY, {
      headers: [{ key: ":status", value: String(status) }, ...fields(headers)],
    });
  }

  noteTrailers(trailers: HeaderMap): void {
    if (this.#data.keepsResponseTrailers) this.#state.setFilterState(TRAILERS_KEY, { headers: fields(trailers) });
  }
}

function fields({ list }: HeaderMap): { key: string; value: string }[] {
  const all = [];
  for (let i = 0; i < list.length; i += 2) all.push({ key: list[i]!, value: list[i + 1]! });
  return all;
}
