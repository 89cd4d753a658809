import type net from "node:net";
import type { AccessLog } from "../access-log/access-log.ts";
import type { Clock } from "../base/clock.ts";
import type { FailedRequests } from "../http/failed-requests.ts";
import { ResponseFlag, StreamInfo } from "../http/stream-info.ts";
import { formatAddress, formatIpPort } from "../net/address.ts";
import type { DownstreamConnectionInfo } from "../net/downstream-connection-info.ts";
import type { InspectedConnection } from "../net/inspected-connection.ts";
import { handshakeFailureInWords } from "./handshake-failure.ts";
import { type IpPort, sourceOf, targetOf } from "./socket-traits.ts";

/** What has to be noted of a socket that may be refused. */
export interface AcceptedSocket {
  readonly socket: net.Socket;
  readonly source: IpPort;
  readonly target: IpPort;
  readonly atMs: number;
}

/**
 * The access logs of a listener: a line for each of its connections when it has ended, whatever its filter chain logs. Differs from Envoy: bytes are
 * those of the socket, with those of TLS, where Envoy knows them for `tcp_proxy` alone; and the access log type is `TcpConnectionEnd`, not `NotSet`.
 */
export class ConnectionLog {
  readonly #logs: readonly AccessLog[];
  readonly #clock: Clock;
  readonly #failures: FailedRequests | null;

  /** `failures`: where connections without a filter chain are noted beside, and failed handshakes; null = nowhere. */
  constructor(logs: readonly AccessLog[], clock: Clock, failures: FailedRequests | null = null) {
    this.#logs = logs;
    this.#clock = clock;
    this.#failures = failures;
  }

  /** Call it while the socket is open: its addresses are not known any more when it is closed. */
  accepted(socket: net.Socket): AcceptedSocket {
    return { socket, source: sourceOf(socket), target: targetOf(socket), atMs: this.#clock.nowMs() };
  }

  /** A connection that had a filter chain is gone. */
  ended(info: DownstreamConnectionInfo, socket: net.Socket): void {
    this.#log(this.#streamInfo(info, socket));
  }

  /** A connection ended before it had a filter chain. `noChain`: there was none for it; else listener filters or the client ended it. */
  refused(accepted: AcceptedSocket, inspected: InspectedConnection | null, noChain: boolean): void {
    const { socket, source, target, atMs } = accepted;
    const remote = inspected?.remoteAddress ?? null;
    const local = inspected?.localAddress ?? null;
    const info = this.#streamInfo(
      {
        connectionId: 0,
        remoteAddress: remote === null ? formatIpPort(source.ip, source.port) : formatAddress(remote),
        directRemoteAddress: formatIpPort(source.ip, source.port),
        localAddress: local === null ? formatIpPort(target.ip, target.port) : formatAddress(local),
        directLocalAddress: formatIpPort(target.ip, target.port),
        requestedServerName: inspected?.serverName ?? "",
        filterChainName: "",
        isTls: false,
        tls: null,
        alpnProtocol: "",
        acceptedAtMs: atMs,
        ja3: inspected?.ja3 ?? "",
        ja4: inspected?.ja4 ?? "",
        stateIfAny: inspected?.stateIfAny ?? null,
      },
      socket,
    );
    if (noChain) {
      info.setResponseFlag(ResponseFlag.NR);
      info.responseCodeDetails = "filter_chain_not_found";
      info.failureNote = `none of the listener matches ${refusedInWords(info)}`;
      this.#failures?.note(info, null);
    }
    this.#log(info);
  }

  /** The TLS handshake of a connection failed. `code`: Node's. */
  handshakeFailed(connection: DownstreamConnectionInfo, socket: net.Socket, code: string): void {
    if (this.#failures === null) return;
    const info = this.#streamInfo(connection, socket);
    info.responseCodeDetails = code;
    info.failureNote = handshakeFailureInWords(code);
    this.#failures.note(info, null);
  }

  release(): void {
    for (const log of this.#logs) log.release();
  }

  #streamInfo(connection: DownstreamConnectionInfo, socket: net.Socket): StreamInfo {
    const nowMs = this.#clock.nowMs();
    const { acceptedAtMs, stateIfAny } = connection;
    const info = new StreamInfo(connection, "", acceptedAtMs, this.#clock.wallMs() - (nowMs - acceptedAtMs));
    info.completedMs = nowMs;
    info.bytesReceived = socket.bytesRead;
    info.bytesSent = socket.bytesWritten;
    info.dynamicMetadata = stateIfAny?.dynamicMetadata ?? null;
    info.connectionTerminationDetails = stateIfAny?.terminationDetails ?? "";
    return info;
  }

  #log(streamInfo: StreamInfo): void {
    const accessLogType = "TcpConnectionEnd";
    for (const log of this.#logs) {
      log.log({ requestHeaders: null, responseHeaders: null, responseTrailers: null, streamInfo, accessLogType });
    }
  }
}

/** Without the port of the client, so that the like reads alike. */
function refusedInWords({ connection }: StreamInfo): string {
  const { remoteAddress, localAddress, requestedServerName: name } = connection;
  const client = remoteAddress.replace(/:\d+$/, "");
  return `a connection from ${client} to ${localAddress} ${name === "" ? "without a server name" : `for server name ${name}`}`;
}
