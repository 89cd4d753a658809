import { isIP } from "node:net";
import { type ConnectionOptions, createSecureContext } from "node:tls";
import { KeyLog } from "./key-log.ts";
import { PeerValidator } from "./peer-validator.ts";
import { secureContextOptions } from "./secure-context-options.ts";
import type { UpstreamTlsData } from "./tls-context-data.ts";

/** How many servers' sessions are kept. */
const MAX_SERVERS = 1000;

/** An `UpstreamTlsContext` on one worker: what the connections of a cluster share, the sessions that they can resume among them. */
export class ClientTlsContext {
  readonly data: UpstreamTlsData;
  readonly validator: PeerValidator | null;
  readonly keyLog: KeyLog | null;
  /** By server, the oldest first. */
  readonly #sessions = new Map<string, Buffer[]>();
  #options: ConnectionOptions | null = null;

  constructor(data: UpstreamTlsData) {
    this.data = data;
    this.validator = data.validation === null ? null : new PeerValidator(data.validation);
    this.keyLog = data.keyLog === null ? null : new KeyLog(data.keyLog);
  }

  /** The options of a client's socket beside where it goes. The caller judges the server, so the library need not. */
  get socketOptions(): ConnectionOptions {
    const { data } = this;
    this.#options ??= {
      secureContext: createSecureContext(secureContextOptions(data, data.certificates)),
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(data.alpnProtocols.length > 0 && { ALPNProtocols: [...data.alpnProtocols] }),
    };
    return this.#options;
  }

  /** The server name to ask for: names only, IP addresses are none (RFC 6066). */
  serverName(wanted: string): string {
    return isIP(wanted) === 0 ? wanted : "";
  }

  /** A session to be resumed with this server, which is not given out again unless it is kept again. */
  takeSession(server: string): Buffer | undefined {
    return this.#sessions.get(server)?.pop();
  }

  keepSession(server: string, session: Buffer): void {
    const { maxSessionKeys } = this.data;
    if (maxSessionKeys === 0) return;
    let sessions = this.#sessions.get(server);
    if (sessions === undefined) {
      if (this.#sessions.size >= MAX_SERVERS) this.#sessions.delete(this.#sessions.keys().next().value!);
      sessions = [];
      this.#sessions.set(server, sessions);
    }
    sessions.push(session);
    if (sessions.length > maxSessionKeys) sessions.shift();
  }
}
