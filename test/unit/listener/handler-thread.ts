import type net from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { SystemRandom } from "../../../src/base/random.ts";
import { TimerWheel } from "../../../src/base/timer-wheel.ts";
import { ConnectionHandler } from "../../../src/listener/connection-handler.ts";
import { ConnectionLimits } from "../../../src/listener/connection-limits.ts";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import type { HandedServer, HandedSocket, ServerCount } from "../../../src/listener/listening-sockets.ts";
import { WriteFlusher } from "../../../src/net/write-flusher.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { EchoFilters } from "./echo-filter.ts";
import { LimitsOnDemand } from "./limits-on-demand.ts";

/** What a test tells a handler's thread. */
export type HandlerCommand =
  | { readonly type: "apply"; readonly data: ListenerData; readonly sockets: readonly HandedSocket[] }
  | { readonly type: "give"; readonly servers: "all" | readonly ServerCount[] }
  | { readonly type: "adopt"; readonly servers: readonly HandedServer[] }
  | { readonly type: "acceptSocket"; readonly key: string; readonly socket: net.Socket }
  | { readonly type: "stop" };

/** What it answers. */
export type HandlerEvent =
  | { readonly type: "applied" }
  | { readonly type: "given"; readonly servers: readonly HandedServer[] }
  | { readonly type: "adopted" }
  | { readonly type: "closed" }
  | { readonly type: "stopped" };

/** What the thread starts with. */
export interface HandlerThreadData {
  readonly workerIndex: number;
}

const { workerIndex } = workerData as HandlerThreadData;
const port = parentPort!;
const filters = new EchoFilters();
const stats = new RecordingStats();
const handler = new ConnectionHandler({
  workerIndex,
  timers: new TimerWheel(systemClock),
  flusher: new WriteFlusher(),
  random: new SystemRandom(),
  stats,
  log: silentLogger,
  makeNetworkFilter: filters.make,
  makeListenerFilter: () => {
    throw new Error("no listener filters here");
  },
  makeAccessLogs: () => [],
  makeTransportSocket: () => {
    throw new Error("no transport sockets here");
  },
  connectionLimits: new ConnectionLimits(new LimitsOnDemand(), new Runtime(), stats),
  drain: { timeMs: 1000, strategy: "immediate" },
});

port.on("message", (command: HandlerCommand) => {
  switch (command.type) {
    case "apply":
      handler.prepare({ upserts: [command.data], removals: [] }, command.sockets).commit();
      // A server listens one tick later.
      setImmediate(() => tell({ type: "applied" }));
      return;
    case "give": {
      const servers = handler.takeServers(command.servers);
      const event = { type: "given", servers } satisfies HandlerEvent;
      port.postMessage(
        event,
        servers.map(({ server }) => server),
      );
      return;
    }
    case "adopt":
      handler.adopt(command.servers);
      tell({ type: "adopted" });
      return;
    case "acceptSocket":
      handler.acceptSocket(command.key, command.socket, () => tell({ type: "closed" }));
      return;
    case "stop":
      handler.close();
      tell({ type: "stopped" });
      port.close();
  }
});

function tell(event: HandlerEvent): void {
  port.postMessage(event);
}
