import type { AccessLog } from "../access-log/access-log.ts";
import type { AccessLogData } from "../access-log/access-log-data.ts";
import type { Logger } from "../base/log.ts";
import type { RandomSource } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { CompiledExtension } from "../config/compile-context.ts";
import type { FailedRequests } from "../http/failed-requests.ts";
import type { ListenerFilterFactory } from "../net/listener-filter.ts";
import type { NetworkFilterFactory } from "../net/network-filter.ts";
import type { DownstreamTransportSocketFactory } from "../net/transport-socket.ts";
import type { WriteFlusher } from "../net/write-flusher.ts";
import type { StatsScope } from "../stats/scope.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import type { DrainOptions } from "./drain.ts";
import type { TrafficDirection } from "./listener-data.ts";

/** What a network filter may know of the listener it is configured in. */
export interface NetworkFilterContext {
  readonly listenerName: string;
  readonly filterChainName: string;
  readonly trafficDirection: TrafficDirection;
  /** `listener.<address or stat_prefix>`; released when the listener is gone. */
  readonly listenerScope: StatsScope;
}

/** Makes a worker's factory of one configured network filter. Throws with the reason if it can't. */
export type NetworkFilterMaker = (filter: CompiledExtension, context: NetworkFilterContext) => NetworkFilterFactory;

/** Makes the transport socket of a filter chain on this worker. Throws with the reason if it can't. */
export type TransportSocketMaker = (
  transportSocket: CompiledExtension,
  listenerScope: StatsScope,
) => DownstreamTransportSocketFactory;

/** Makes a worker's factory of one configured listener filter. Throws with the reason if it can't. */
export type ListenerFilterMaker = (filter: CompiledExtension) => ListenerFilterFactory;

/** Makes a worker's access logs of a listener. Throws with the reason if it can't. */
export type AccessLogMaker = (logs: readonly AccessLogData[]) => readonly AccessLog[];

/** What the listeners of one worker share. */
export interface ListenerContext {
  readonly workerIndex: number;
  readonly timers: TimerWheel;
  readonly flusher: WriteFlusher;
  readonly random: RandomSource;
  /** The root scope. */
  readonly stats: StatsScope;
  readonly log: Logger;
  /** The composition root looks the extension up in its table. */
  readonly makeNetworkFilter: NetworkFilterMaker;
  /** Likewise. */
  readonly makeListenerFilter: ListenerFilterMaker;
  /** Likewise. */
  readonly makeTransportSocket: TransportSocketMaker;
  /** Likewise. */
  readonly makeAccessLogs: AccessLogMaker;
  readonly connectionLimits: ConnectionLimits;
  /** How changed and removed listeners and filter chains drain: `--drain-time-s` and `--drain-strategy`. */
  readonly drain: DrainOptions;
  /** The version of the configuration that is being built, for people; default 0. */
  readonly buildingVersion?: () => number;
  /** Where connections that fail before their filters see them are noted; null or not given = nowhere. */
  readonly failures?: FailedRequests | null;
}
