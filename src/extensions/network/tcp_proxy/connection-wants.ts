import type { RandomSource } from "../../../base/random.ts";
import type { ConnectionState } from "../../../net/connection-state.ts";
import { DISABLE_TUNNELING_KEY, PER_CONNECTION_IDLE_TIMEOUT_KEY } from "../../../upstream/tcp-proxy-keys.ts";
import type { TcpProxyData } from "./tcp-proxy-data.ts";

/** How long a connection may be idle, 0 = for ever: as other filters have said, else as configured. */
export function idleTimeoutMs(data: TcpProxyData, state: ConnectionState): number {
  const own = state.filterState?.get(PER_CONNECTION_IDLE_TIMEOUT_KEY);
  return typeof own === "string" && /^\d{1,12}$/.test(own) ? Number(own) : data.idleTimeoutMs;
}

/** Whether another filter has said that a connection goes without a tunnel. */
export function goesWithoutTunnel(state: ConnectionState): boolean {
  return state.filterState?.get(DISABLE_TUNNELING_KEY) === "true";
}

/** How long a connection may last, 0 = for ever, with the jitter that is configured. */
export function maxDurationMs(data: TcpProxyData, random: RandomSource): number {
  const { maxDownstreamConnectionDurationMs: durationMs, maxDurationJitterPercent: percent } = data;
  return percent === 0 ? durationMs : durationMs * (1 + (random.fraction() * percent) / 100);
}
