import type { IpAddress } from "./address.ts";
import { ConnectionState } from "./connection-state.ts";

/** What listener filters find out about a connection before its filter chain is chosen. Each field is set by the filter that knows it. */
export class InspectedConnection {
  /** In lower case; `""` if the client names none. */
  serverName = "";
  /** `raw_buffer` or `tls`. */
  transportProtocol = "raw_buffer";
  /** What the client offers, its favourite first. */
  applicationProtocols: readonly string[] = [];
  /** Who the peer is, if a proxy stands between; null: the peer of the socket. */
  remoteAddress: IpAddress | null = null;
  /** What the client connected to; null: the address of the socket. */
  localAddress: IpAddress | null = null;
  /** Fingerprints of the TLS hello; `""` if nobody made them. */
  ja3 = "";
  ja4 = "";
  #state: ConnectionState | null = null;

  /** What the connection's filters share; made on first use. */
  get state(): ConnectionState {
    this.#state ??= new ConnectionState();
    return this.#state;
  }

  /** The same, if anybody has used it. */
  get stateIfAny(): ConnectionState | null {
    return this.#state;
  }
}
