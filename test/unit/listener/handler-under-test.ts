import { once } from "node:events";
import net from "node:net";
import { silentLogger } from "../../../src/base/log.ts";
import type { WorkerContext } from "../../../src/extensions/extension-module.ts";
import { listenerFilter as httpInspector } from "../../../src/extensions/listener/http_inspector/factory.ts";
import { listenerFilter as localRateLimit } from "../../../src/extensions/listener/local_ratelimit/factory.ts";
import { listenerFilter as proxyProtocol } from "../../../src/extensions/listener/proxy_protocol/factory.ts";
import { listenerFilter as tlsInspector } from "../../../src/extensions/listener/tls_inspector/factory.ts";
import { bindSocket } from "../../../src/listener/bind-socket.ts";
import { ConnectionHandler } from "../../../src/listener/connection-handler.ts";
import { ConnectionLimits } from "../../../src/listener/connection-limits.ts";
import type { DrainOptions } from "../../../src/listener/drain.ts";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import { listeningSocketSpecs } from "../../../src/listener/listening-socket-spec.ts";
import type { HandedSocket } from "../../../src/listener/listening-sockets.ts";
import { WriteFlusher } from "../../../src/net/write-flusher.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { until } from "../../harness/until.ts";
import { EchoFilters } from "./echo-filter.ts";
import { fixedRandom } from "./fixed-random.ts";
import { LimitsOnDemand } from "./limits-on-demand.ts";

const LISTENER_FILTERS = new Map([
  ["envoy.filters.listener.http_inspector", httpInspector],
  ["envoy.filters.listener.local_ratelimit", localRateLimit],
  ["envoy.filters.listener.proxy_protocol", proxyProtocol],
  ["envoy.filters.listener.tls_inspector", tlsInspector],
]);

/** A connection handler with a binder, echo filters, a fake clock and clients, as one worker would have them. */
export class HandlerUnderTest {
  readonly clock = new FakeClock();
  readonly stats = new RecordingStats();
  readonly filters = new EchoFilters();
  readonly runtime = new Runtime();
  readonly limits = new LimitsOnDemand();
  readonly connectionLimits = new ConnectionLimits(this.limits, this.runtime, this.stats);
  readonly handler: ConnectionHandler;
  /** What listeners logged. */
  readonly logged: string[] = [];
  /** How many connections the local rate limit lets through. */
  tokens = 0;
  /** Whether this worker is the one that makes Unix-domain sockets. */
  makesPipes = true;
  readonly #clients: net.Socket[] = [];
  /** Ports by socket key. */
  readonly #keys = new Map<string, number>();
  readonly ports = new Map<string, number>();

  constructor(options: { drain?: DrainOptions; workerIndex?: number; fraction?: number } = {}) {
    this.handler = new ConnectionHandler({
      workerIndex: options.workerIndex ?? 0,
      timers: this.clock.timers,
      flusher: new WriteFlusher(),
      random: fixedRandom(options.fraction ?? 0.5),
      stats: this.stats,
      log: silentLogger,
      makeNetworkFilter: this.filters.make,
      makeListenerFilter: ({ extension, data }) =>
        LISTENER_FILTERS.get(extension)!.createFactory(data, {
          stats: this.stats,
          runtime: new Runtime(),
          limits: { tokenBucket: () => ({ tryTake: () => this.tokens-- > 0 }) },
        } as unknown as WorkerContext),
      makeAccessLogs: () => [
        {
          log: ({ streamInfo: { connection, ...info }, accessLogType }) => {
            const { remoteAddress, localAddress, filterChainName } = connection;
            const { bytesReceived, bytesSent, responseFlags } = info;
            this.logged.push(
              [
                remoteAddress,
                localAddress,
                filterChainName,
                bytesReceived,
                bytesSent,
                responseFlags,
                accessLogType,
              ].join(" "),
            );
          },
          release: () => void this.logged.push("released"),
        },
      ],
      makeTransportSocket: () => {
        throw new Error("no transport sockets here");
      },
      connectionLimits: this.connectionLimits,
      drain: options.drain ?? { timeMs: 1000, strategy: "immediate" },
    });
  }

  /** Applies changes as the supervisor would: bind, prepare, commit. */
  async apply(upserts: readonly ListenerData[], removals: readonly string[] = []): Promise<void> {
    const sockets: HandedSocket[] = [];
    const pipes = new Set<string>();
    for (const spec of upserts.flatMap(listeningSocketSpecs)) {
      if (spec.address.type === "pipe" && this.makesPipes) pipes.add(spec.key);
      if (spec.address.type !== "ip" || this.#keys.has(spec.key)) continue;
      const socket = bindSocket(spec, { ours: false });
      sockets.push({ key: spec.key, socket });
      this.#keys.set(spec.key, socket.address().port);
    }
    try {
      this.handler.prepare({ upserts, removals }, sockets, pipes).commit();
    } catch (error) {
      for (const { key } of sockets) this.#keys.delete(key);
      throw error;
    }
    for (const { key, listener } of upserts.flatMap(listeningSocketSpecs)) {
      const port = this.#keys.get(key);
      if (port !== undefined) this.ports.set(listener, port);
    }
    // A server listens one tick after `listen`.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Connects, and waits until the handler has accepted. */
  async connect(listener: string): Promise<EchoClient> {
    const before = this.handler.connectionCount;
    const socket = net.connect({ port: this.ports.get(listener) ?? 0, host: "127.0.0.1", allowHalfOpen: true });
    this.#clients.push(socket);
    await once(socket, "connect");
    await until("the accept", () => this.handler.connectionCount > before);
    return new EchoClient(socket);
  }

  /** Whether a connect to the port is answered. */
  async isListening(port: number): Promise<boolean> {
    const socket = net.connect({ port, host: "127.0.0.1" });
    this.#clients.push(socket);
    return new Promise((resolve) => {
      socket.on("connect", () => resolve(true));
      socket.on("error", () => resolve(false));
    });
  }

  /** Closes everything. */
  dispose(): void {
    for (const client of this.#clients) client.destroy();
    this.handler.close();
  }
}

/** The client's side of an echo connection. */
export class EchoClient {
  readonly socket: net.Socket;
  #received = "";
  closed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#received += data.toString();
    });
    socket.on("end", () => {
      this.closed = true;
      socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Sends a text and resolves with the answer. */
  async ask(text: string): Promise<string> {
    this.#received = "";
    this.socket.write(text);
    await until(`the answer to ${text}`, () => this.#received !== "" || this.closed);
    return this.#received;
  }

  /** Resolves when the proxy has closed. */
  untilClosed(): Promise<void> {
    return until("the close", () => this.closed);
  }
}
