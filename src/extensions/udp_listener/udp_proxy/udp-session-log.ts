import type { AccessLog } from "../../../access-log/access-log.ts";
import type { Clock } from "../../../base/clock.ts";
import { StreamInfo } from "../../../http/stream-info.ts";
import { formatIpPort } from "../../../net/address.ts";
import type { ClusterInfo } from "../../../upstream/cluster-info.ts";
import type { Host } from "../../../upstream/host.ts";

/** What a session has counted. */
export interface UdpSessionCounts {
  bytesReceived: number;
  bytesSent: number;
  datagramsReceived: number;
  datagramsSent: number;
  errorsSent: number;
}

/** What is known of a session beside its counts. */
export interface LoggedSession {
  readonly ip: string;
  readonly port: number;
  readonly localAddress: string;
  readonly startedAtMs: number;
  readonly cluster: ClusterInfo;
  readonly host: Host;
}

/** The access logs of a `udp_proxy`: a line for each session when it has ended, with its counts in the metadata `udp.proxy.session`, as in Envoy. */
export class UdpSessionLog {
  readonly #logs: readonly AccessLog[];
  readonly #clock: Clock;

  /** Owns the logs. */
  constructor(logs: readonly AccessLog[], clock: Clock) {
    this.#logs = logs;
    this.#clock = clock;
  }

  ended(session: LoggedSession, counts: UdpSessionCounts): void {
    if (this.#logs.length === 0) return;
    const streamInfo = this.#streamInfo(session, counts);
    const context = { requestHeaders: null, responseHeaders: null, responseTrailers: null, streamInfo };
    for (const log of this.#logs) log.log({ ...context, accessLogType: "UdpSessionEnd" });
  }

  release(): void {
    for (const log of this.#logs) log.release();
  }

  #streamInfo(
    { ip, port, localAddress, startedAtMs, cluster, host }: LoggedSession,
    counts: UdpSessionCounts,
  ): StreamInfo {
    const nowMs = this.#clock.nowMs();
    const remoteAddress = formatIpPort(ip, port);
    const connection = {
      ...{ connectionId: 0, acceptedAtMs: startedAtMs },
      ...{ remoteAddress, directRemoteAddress: remoteAddress, localAddress, directLocalAddress: localAddress },
      ...{ requestedServerName: "", filterChainName: "", isTls: false, tls: null, alpnProtocol: "" },
    };
    const info = new StreamInfo(connection, "", startedAtMs, this.#clock.wallMs() - (nowMs - startedAtMs));
    info.completedMs = nowMs;
    info.bytesReceived = counts.bytesReceived;
    info.bytesSent = counts.bytesSent;
    const upstream = info.ensureUpstream();
    upstream.hostAddress = host.addressText;
    upstream.hostName = host.hostname;
    upstream.clusterName = cluster.observabilityName;
    Object.assign(info.metadata("udp.proxy.session"), {
      cluster_name: cluster.name,
      bytes_received: counts.bytesReceived,
      bytes_sent: counts.bytesSent,
      datagrams_received: counts.datagramsReceived,
      datagrams_sent: counts.datagramsSent,
      errors_sent: counts.errorsSent,
    });
    return info;
  }
}
