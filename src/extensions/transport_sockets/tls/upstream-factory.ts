import net from "node:net";
import tls, { type TLSSocket } from "node:tls";
import type { Logger } from "../../../base/log.ts";
import type { UpstreamSocketRequest, UpstreamTransportSocketFactory } from "../../../net/transport-socket.ts";
import { noteUpstreamTls } from "../../../net/upstream-tls.ts";
import { ClientTlsContext } from "./client-tls-context.ts";
import { SocketTlsInfo } from "./socket-tls-info.ts";
import type { TlsContextSlot } from "./tls-contexts.ts";
import type { TlsStats } from "./tls-stats.ts";

/** TLS with the hosts of one cluster on one worker. Source: Envoy's `ClientSslSocketFactory`. */
export class UpstreamTlsFactory implements UpstreamTransportSocketFactory {
  readonly #slot: TlsContextSlot;
  readonly #stats: TlsStats;
  readonly #log: Logger;

  constructor(slot: TlsContextSlot, stats: TlsStats, log: Logger) {
    this.#slot = slot;
    this.#stats = stats;
    this.#log = log;
  }

  connect(request: UpstreamSocketRequest): net.Socket {
    try {
      return this.#connect(request);
    } catch (error) {
      const socket = new net.Socket();
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
      return socket;
    }
  }

  #connect(request: UpstreamSocketRequest): TLSSocket {
    const context = this.#slot.current;
    if (!(context instanceof ClientTlsContext)) throw new Error("there is no TLS context");
    const serverName = context.serverName(request.serverName ?? context.data.sni);
    const names = request.subjectAltName === undefined ? NO_NAMES : [request.subjectAltName];
    // A session was made under the names that were checked then.
    const server = `${serverName} ${names[0] ?? ""} ${request.server}`;
    const session = context.takeSession(server);
    const { socketOptions } = context;
    const { alpnFallback } = request;
    const fallback = typeof alpnFallback === "string" ? [alpnFallback] : alpnFallback;
    const alpn = request.alpnProtocols ?? socketOptions.ALPNProtocols ?? fallback;
    const socket = tls.connect({
      ...request.options,
      ...(request.prologue !== undefined && { socket: afterPrologue(request.options, request.prologue) }),
      ...socketOptions,
      ...(alpn !== undefined && { ALPNProtocols: alpn as string[] }),
      ...(serverName !== "" && { servername: serverName }),
      ...(session !== undefined && { session }),
    });
    this.#watch(socket, context, server, names);
    if (session !== undefined) {
      // A session of TLS 1.3 serves once; of older versions the server sends no other one.
      socket.once("secureConnect", () => {
        const older = socket.getProtocol() !== "TLSv1.3" && socket.isSessionReused();
        if (older && !socket.destroyed) context.keepSession(server, session);
      });
    }
    return socket;
  }

  #watch(socket: TLSSocket, context: ClientTlsContext, server: string, names: readonly string[]): void {
    const stats = this.#stats;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (!(error instanceof PeerRefused)) stats.failed(error.code ?? "");
      // After the handshake the library only tells.
      socket.destroy();
    });
    // First of all who hear it: what is refused here, nobody else gets to use.
    socket.prependOnceListener("secureConnect", () => this.#onSecure(socket, context, names));
    if (context.data.maxSessionKeys > 0) {
      socket.on("session", (session: Buffer) => {
        if (!socket.destroyed) context.keepSession(server, session);
      });
    }
    if (context.keyLog !== null) {
      const attach = (): void =>
        context.keyLog?.attach(socket, socket.localAddress ?? "", socket.remoteAddress ?? "", this.#log);
      socket.once("connect", attach);
    }
  }

  #onSecure(socket: TLSSocket, context: ClientTlsContext, names: readonly string[]): void {
    const stats = this.#stats;
    const certificate = socket.getPeerX509Certificate();
    if (context.validator !== null) {
      const reason =
        certificate === undefined
          ? "verify cert failed: empty cert chain"
          : context.validator.check(certificate, context.validator.chainError(socket), names, stats).reason;
      if (reason !== "") {
        socket.destroy(new PeerRefused(reason));
        return;
      }
    }
    const info = new SocketTlsInfo(socket, certificate ?? null, context.validator !== null);
    noteUpstreamTls(socket, info);
    stats.succeeded(info.version, info.cipher, info.sessionReused, certificate !== undefined);
    stats.exchangedKeys(socket);
  }
}

const NO_NAMES: readonly string[] = [];

/** A connection on which these bytes go out before the handshake, which begins when it is there. */
function afterPrologue(
  options: net.NetConnectOpts,
  prologue: NonNullable<UpstreamSocketRequest["prologue"]>,
): net.Socket {
  const socket = net.connect(options);
  socket.once("connect", () => socket.write(prologue(socket)));
  return socket;
}

/** Why a server's certificate was not accepted. The code is Envoy's transport failure reason. */
class PeerRefused extends Error {
  readonly code: string;

  constructor(reason: string) {
    super(reason);
    this.code = `TLS_error:|SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:${reason}:TLS_error_end`;
  }
}
