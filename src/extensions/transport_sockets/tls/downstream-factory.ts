import type net from "node:net";
import { TLSSocket } from "node:tls";
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import type { DownstreamTransportSocketFactory, TransportSocketCallbacks } from "../../../net/transport-socket.ts";
import { ServerTlsContext } from "./server-tls-context.ts";
import { SocketTlsInfo } from "./socket-tls-info.ts";
import type { TlsContextSlot } from "./tls-contexts.ts";
import { ownErrors } from "./tls-socket-handle.ts";
import type { TlsStats } from "./tls-stats.ts";

/** What the factory of a filter chain is made with. */
export interface DownstreamTlsOptions {
  readonly slot: TlsContextSlot;
  readonly stats: TlsStats;
  readonly clock: Clock;
  readonly log: Logger;
}

/** TLS with the clients of one filter chain on one worker. Source: Envoy's `ServerSslSocketFactory`. */
export class DownstreamTlsFactory implements DownstreamTransportSocketFactory {
  readonly #options: DownstreamTlsOptions;

  constructor(options: DownstreamTlsOptions) {
    this.#options = options;
  }

  accept(raw: net.Socket, callbacks: TransportSocketCallbacks, serverName: string | null): net.Socket {
    const { slot, clock, log, stats } = this.#options;
    const context = slot.current;
    // Its handle is the TLS socket's now, and so are its errors; one that was under way must not end the worker.
    raw.on("error", ignore);
    try {
      if (!(context instanceof ServerTlsContext)) throw new Error("there is no TLS context");
      if (context.staples !== null) context.staples.stats = stats;
      const socket = new TLSSocket(raw, context.socketOptions(clock.wallMs(), serverName));
      ownErrors(socket);
      socket.on("error", (error: NodeJS.ErrnoException) => {
        stats.failed(error.code ?? "");
        // After the handshake the library only tells.
        socket.destroy();
      });
      socket.once("secure", () => this.#onSecure(socket, context, callbacks));
      context.keyLog?.attach(socket, raw.localAddress ?? "", raw.remoteAddress ?? "", log);
      return socket;
    } catch (error) {
      log.error({ error: error instanceof Error ? error.message : String(error) }, "a TLS handshake can't be begun");
      raw.destroy();
      return raw;
    }
  }

  dispose(): void {
    this.#options.stats.release();
  }

  #onSecure(socket: TLSSocket, context: ServerTlsContext, callbacks: TransportSocketCallbacks): void {
    try {
      const info = this.#judge(socket, context);
      if (info === null) socket.destroy();
      else callbacks.onSecure(info);
    } catch (error) {
      const { log } = this.#options;
      log.error({ error: error instanceof Error ? error.stack : String(error) }, "a TLS connection is closed");
      socket.destroy();
    }
  }

  /** Null if the client is not let in. */
  #judge(socket: TLSSocket, context: ServerTlsContext): SocketTlsInfo | null {
    const { stats } = this.#options;
    const { data, validator } = context;
    const certificate = context.asksForCertificate ? (socket.getPeerX509Certificate() ?? null) : null;
    let validated = false;
    if (certificate === null) {
      // With TLS 1.3 a resumed session may have none.
      if (context.needsCertificate) {
        stats.failVerifyNoCert.inc();
        return null;
      }
    } else if (validator !== null) {
      const verdict = validator.check(certificate, validator.chainError(socket), NO_NAMES, stats);
      if (!verdict.accepted) return null;
      validated = verdict.validated;
    }
    const info = new SocketTlsInfo(socket, certificate, validated);
    if (data.requireSni && info.serverName === "") {
      stats.connectionError.inc();
      return null;
    }
    stats.succeeded(info.version, info.cipher, info.sessionReused, certificate !== null);
    return info;
  }
}

const NO_NAMES: readonly string[] = [];

function ignore(): void {}
