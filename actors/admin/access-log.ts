import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AccessLog } from "../../src/access-log/access-log.ts";
import type { AccessLogData } from "../../src/access-log/access-log-data.ts";
import { AccessLogFiles } from "../../src/access-log/access-log-files.ts";
import type { AccessLogFilterEnvironment } from "../../src/access-log/access-log-filter.ts";
import { createAccessLogs } from "../../src/access-log/filtered-log.ts";
import type { TimerWheel } from "../../src/base/timer-wheel.ts";
import { extensionModule } from "../../src/extensions/extension-module.ts";
import { LoadedExtensions } from "../../src/extensions/worker-extensions.ts";
import type { FormatEnvironment } from "../../src/http/format/format-context.ts";
import { RequestHeaderMap, ResponseHeaderMap } from "../../src/http/header-map.ts";
import { ResponseFlag, StreamInfo } from "../../src/http/stream-info.ts";
import { formatSocketEnd } from "../../src/net/address.ts";
import type { DownstreamConnectionInfo } from "../../src/net/downstream-connection-info.ts";
import type { StatsScope } from "../../src/stats/scope.ts";

/** Envoy's word for what its admin endpoint has answered. */
const RESPONSE_CODE_DETAILS = "admin_filter_response";

/** What the access logs of the admin endpoint are made with. */
export interface AdminAccessLogOptions extends AccessLogFilterEnvironment {
  readonly logs: readonly AccessLogData[];
  readonly timers: TimerWheel;
  /** The root scope. */
  readonly stats: StatsScope;
  readonly flushIntervalMs: number;
  readonly format: FormatEnvironment;
}

/** A request to the admin endpoint and what became of it. */
export interface AdminExchange {
  readonly message: IncomingMessage;
  readonly to: ServerResponse;
  /** On the thread's clock. */
  readonly startMs: number;
  readonly startWallMs: number;
  /** Of bodies. */
  bytesReceived: number;
  bytesSent: number;
}

/**
 * `admin.access_log`: a line for each request to the admin endpoint, when it is answered or its client has gone. Main thread.
 */
export class AdminAccessLog {
  readonly #options: AdminAccessLogOptions;
  readonly #files: AccessLogFiles;
  readonly #logs: readonly AccessLog[];
  readonly #connections = new WeakMap<Socket, DownstreamConnectionInfo>();
  #connectionCount = 0;

  private constructor(options: AdminAccessLogOptions, files: AccessLogFiles, logs: readonly AccessLog[]) {
    this.#options = options;
    this.#files = files;
    this.#logs = logs;
  }

  /** Rejects with the reason if a file can't be opened. */
  static async open(options: AdminAccessLogOptions): Promise<AdminAccessLog> {
    const { logs, timers, stats, flushIntervalMs, format } = options;
    const extensions = new LoadedExtensions();
    await extensions.load(logs.map(({ logger }) => logger.extension));
    const files = new AccessLogFiles({ timers, stats, flushIntervalMs });
    const thread = { format, accessLogFiles: files };
    const opened = createAccessLogs(
      logs,
      ({ extension, data }) => extensionModule(extensions.accessLoggers, extension).createLogger(data, thread),
      options,
    );
    return new AdminAccessLog(options, files, opened);
  }

  /** The exchange is over. */
  log({ message, to, startMs, startWallMs, bytesReceived, bytesSent }: AdminExchange): void {
    const { clock } = this.#options;
    const protocol = message.httpVersion === "1.0" ? "HTTP/1.0" : "HTTP/1.1";
    const streamInfo = new StreamInfo(this.#connection(message.socket, startMs), protocol, startMs, startWallMs);
    streamInfo.bytesReceived = bytesReceived;
    streamInfo.bytesSent = bytesSent;
    streamInfo.completedMs = clock.nowMs();
    if (to.headersSent) {
      streamInfo.responseCode = to.statusCode;
      streamInfo.responseCodeDetails = RESPONSE_CODE_DETAILS;
    }
    if (!to.writableFinished) streamInfo.setResponseFlag(ResponseFlag.DC);
    const responseHeaders = to.headersSent ? responseHeadersOf(to) : null;
    const requestHeaders = requestHeadersOf(message);
    for (const log of this.#logs) {
      log.log({ requestHeaders, responseHeaders, responseTrailers: null, streamInfo, accessLogType: "DownstreamEnd" });
    }
  }

  /** Opens all files anew. */
  reopen(): void {
    this.#files.reopen();
  }

  /** Resolves when all that was logged has been written or lost. */
  async close(): Promise<void> {
    for (const log of this.#logs) log.release();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#files.drain(resolve);
    await promise;
  }

  #connection(socket: Socket, nowMs: number): DownstreamConnectionInfo {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const remoteAddress = formatSocketEnd(socket.remoteAddress, socket.remotePort);
    const localAddress = formatSocketEnd(socket.localAddress, socket.localPort);
    const info: DownstreamConnectionInfo = {
      connectionId: ++this.#connectionCount,
      remoteAddress,
      directRemoteAddress: remoteAddress,
      localAddress,
      directLocalAddress: localAddress,
      requestedServerName: "",
      filterChainName: "",
      isTls: false,
      tls: null,
      alpnProtocol: "",
      acceptedAtMs: nowMs,
    };
    this.#connections.set(socket, info);
    return info;
  }
}

function requestHeadersOf(message: IncomingMessage): RequestHeaderMap {
  const headers = new RequestHeaderMap();
  headers.method = message.method ?? "";
  headers.path = message.url ?? "";
  headers.authority = message.headers.host ?? "";
  headers.scheme = "http";
  const { rawHeaders } = message;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (name !== "host") headers.add(name, rawHeaders[i + 1]!);
  }
  return headers;
}

function responseHeadersOf(to: ServerResponse): ResponseHeaderMap {
  const headers = new ResponseHeaderMap(to.statusCode);
  for (const name of to.getHeaderNames())
    for (const value of [to.getHeader(name)].flat()) headers.add(name, `${value}`);
  return headers;
}
