import { appendFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import type { Logger } from "../../../base/log.ts";
import { createIpSet, type IpPrefixTable } from "../../../match/ip-prefix-table.ts";
import { ipOfAddress } from "../../../net/address.ts";
import type { TlsKeyLogData } from "./tls-context-data.ts";

/** Writes the secrets of connections to a file, in the format that Wireshark reads. For debugging: each line is written while the thread waits. */
export class KeyLog {
  readonly #path: string;
  readonly #local: IpPrefixTable<true> | null;
  readonly #remote: IpPrefixTable<true> | null;
  #failed = false;

  constructor(data: TlsKeyLogData) {
    this.#path = data.path;
    this.#local = data.localRanges.length === 0 ? null : createIpSet(data.localRanges);
    this.#remote = data.remoteRanges.length === 0 ? null : createIpSet(data.remoteRanges);
  }

  /** Logs this connection, if its addresses (IPs) are in the configured ranges. Before the handshake. */
  attach(socket: TLSSocket, local: string, remote: string, log: Logger): void {
    if (this.#local !== null && !this.#local.has(ipOfAddress(local))) return;
    if (this.#remote !== null && !this.#remote.has(ipOfAddress(remote))) return;
    socket.on("keylog", (line: Buffer) => this.#write(line, log));
  }

  #write(line: Buffer, log: Logger): void {
    try {
      appendFileSync(this.#path, line, { mode: 0o600 });
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        log.error({ path: this.#path, error: (error as Error).message }, "can't write the TLS key log");
      this.#failed = true;
    }
  }
}
