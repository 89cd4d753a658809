import type { ConnectionHandler, PreparedListeners } from "./connection-handler.ts";
import type { ListenerChanges } from "./listener-changes.ts";
import type { HandedSocket } from "./listening-sockets.ts";
import type { UdpHandler, UdpSocketOrder } from "./udp/udp-handler.ts";

/** What a worker is given to listen with. */
export interface ListeningMeans {
  readonly sockets: readonly HandedSocket[];
  readonly udp: readonly UdpSocketOrder[];
  /** See `ConnectionHandler.prepare`. */
  readonly pipes: ReadonlySet<string>;
}

/**
 * Prepares the listeners of both handlers, together or not at all. A listener may change its protocol. From the call on the handler owns the sockets,
 * unless it throws.
 */
export function prepareListeners(
  handler: ConnectionHandler,
  udpHandler: UdpHandler,
  { upserts, removals }: ListenerChanges,
  means: ListeningMeans,
): PreparedListeners {
  const forUdp = upserts.filter(({ udp }) => udp !== null);
  const forTcp = upserts.filter(({ udp }) => udp === null);
  const removalsWith = (others: typeof upserts): string[] => [...removals, ...others.map(({ name }) => name)];
  const udp = udpHandler.prepare({ upserts: forUdp, removals: removalsWith(forTcp) }, means.udp);
  try {
    const tcp = handler.prepare({ upserts: forTcp, removals: removalsWith(forUdp) }, means.sockets, means.pipes);
    return {
      commit: () => {
        tcp.commit();
        udp.commit();
      },
      abort: () => {
        tcp.abort();
        udp.abort();
      },
    };
  } catch (error) {
    udp.abort();
    throw error;
  }
}
