import type { Buffer } from "node:buffer";
import { asciiLowerCase } from "../../../match/string-matcher.ts";
import type { InspectedConnection } from "../../../net/inspected-connection.ts";
import { InspectionStatus, type ListenerFilter } from "../../../net/listener-filter.ts";
import { ClientHelloReader } from "./client-hello-reader.ts";
import { readHelloTraits } from "./hello-traits.ts";
import type { TlsInspectorStats } from "./stats.ts";
import { ja3Fingerprint, ja4Fingerprint } from "./tls-fingerprint.ts";

/** The longest ClientHello. Source: Envoy's `max_client_hello_size`. */
const MAX_HELLO_BYTES = 16 * 1024;
/** A hello may come in many small records, each with a header. */
export const MAX_PEEK_BYTES = 64 * 1024;

/**
 * Says whether a client speaks TLS, and if so, which server it asks for and which protocols it offers. What is no ClientHello is taken for plain
 * bytes; a hello that is too large closes the connection.
 */
export class TlsInspectorFilter implements ListenerFilter {
  readonly #stats: TlsInspectorStats;
  readonly #fingerprints: boolean;
  readonly #reader = new ClientHelloReader(MAX_HELLO_BYTES);

  constructor(stats: TlsInspectorStats, fingerprints: boolean) {
    this.#stats = stats;
    this.#fingerprints = fingerprints;
  }

  onPeek(bytes: Buffer, connection: InspectedConnection): InspectionStatus {
    const state = this.#reader.read(bytes);
    if (state === "moreData" && bytes.length < MAX_PEEK_BYTES) return InspectionStatus.moreData;
    if (state === "notTls") {
      this.#stats.tlsNotFound.inc();
      return InspectionStatus.done;
    }
    if (state !== "found") {
      this.#stats.clientHelloTooLarge.inc();
      return InspectionStatus.close;
    }
    const { serverName, applicationProtocols } = this.#reader;
    connection.transportProtocol = "tls";
    // As in Envoy, nobody behind this sees how the client has written it: rules and names of clusters would be evaded by capitals.
    connection.serverName = asciiLowerCase(serverName);
    connection.applicationProtocols = applicationProtocols;
    if (this.#fingerprints) {
      const traits = readHelloTraits(this.#reader.hello);
      connection.ja3 = ja3Fingerprint(traits);
      connection.ja4 = ja4Fingerprint(traits);
    }
    this.#stats.tlsFound.inc();
    (serverName === "" ? this.#stats.sniNotFound : this.#stats.sniFound).inc();
    (applicationProtocols.length === 0 ? this.#stats.alpnNotFound : this.#stats.alpnFound).inc();
    return InspectionStatus.done;
  }
}
