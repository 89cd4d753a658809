import { createHash, hkdfSync } from "node:crypto";
import { createSecureContext, type TLSSocketOptions } from "node:tls";
import { KeyLog } from "./key-log.ts";
import { OcspResponder } from "./ocsp-responder.ts";
import { PeerValidator } from "./peer-validator.ts";
import { secureContextOptions } from "./secure-context-options.ts";
import { takeTicketsOf } from "./ticket-keys.ts";
import type { DownstreamTlsData, TlsCertificateData } from "./tls-context-data.ts";

/** Session tickets are good under one key, and each key serves as long as this. */
const TICKET_KEY_LIFE_MS = 24 * 60 * 60 * 1000;
const TICKET_KEY_BYTES = 48;

/**
 * A `DownstreamTlsContext` on one worker: what the handshakes of its connections share. The contexts of the TLS library are made
 * with the first handshake, because most of a thousand are never used; the compiler has made them once, so they can be.
 */
export class ServerTlsContext {
  readonly data: DownstreamTlsData;
  readonly validator: PeerValidator | null;
  /** Whether the library asks the client for a certificate. */
  readonly asksForCertificate: boolean;
  readonly needsCertificate: boolean;
  readonly staples: OcspResponder | null;
  readonly keyLog: KeyLog | null;
  readonly #ticketSecret: Uint8Array;
  readonly #sessionIdContext: string;
  readonly #choice: CertificateChoice;
  /** By the places of the certificates in the configuration. */
  readonly #options = new Map<string, TLSSocketOptions>();
  #renewAtMs = 0;

  constructor(data: DownstreamTlsData, ticketSecret: Uint8Array) {
    this.data = data;
    const { validation } = data;
    this.validator = validation === null ? null : new PeerValidator(validation);
    this.needsCertificate = data.requireClientCertificate || (this.validator?.needsCertificate ?? false);
    this.asksForCertificate =
      this.needsCertificate || (validation !== null && (validation.caPem !== null || validation.acceptUntrusted));
    this.keyLog = data.keyLog === null ? null : new KeyLog(data.keyLog);
    this.#choice = certificateChoice(data);
    this.#ticketSecret = ticketSecret;
    this.#sessionIdContext = sessionIdContext(data);
    this.staples = data.certificates.some(({ ocspStaple, mustStaple }) => ocspStaple !== null || mustStaple)
      ? new OcspResponder(data)
      : null;
  }

  /**
   * The options of a server's `TLSSocket`; the same object for many. `serverName` is the one that the client asks for; null if it is
   * not known yet, and then the library will ask during the handshake.
   */
  socketOptions(nowMs: number, serverName: string | null): TLSSocketOptions {
    if (nowMs >= this.#renewAtMs) {
      this.#options.clear();
      this.#renewAtMs = (Math.floor(nowMs / TICKET_KEY_LIFE_MS) + 1) * TICKET_KEY_LIFE_MS;
    }
    const { withoutName, byName } = this.#choice;
    if (byName === null) return this.#optionsOf(withoutName);
    if (serverName !== null) return this.#optionsOf(serverName === "" ? withoutName : byName(serverName));
    let options = this.#options.get("");
    if (options === undefined) {
      const SNICallback: TLSSocketOptions["SNICallback"] = (name, done) => {
        done(null, this.#optionsOf(singleCertificate(byName(name))).secureContext);
      };
      options = { ...this.#optionsOf(withoutName), SNICallback };
      this.#options.set("", options);
    }
    return options;
  }

  #optionsOf(certificates: readonly TlsCertificateData[]): TLSSocketOptions {
    const { data } = this;
    const key = certificates.map((certificate) => data.certificates.indexOf(certificate)).join();
    let options = this.#options.get(key);
    if (options !== undefined) return options;
    const [ticketKey, ...olderKeys] = this.#ticketKeys(this.#renewAtMs / TICKET_KEY_LIFE_MS);
    const secureContext = createSecureContext({
      ...secureContextOptions(data, certificates),
      sessionIdContext: this.#sessionIdContext,
      ...(ticketKey !== undefined && { ticketKeys: ticketKey }),
    });
    if (olderKeys.length > 0) takeTicketsOf(secureContext, [ticketKey!, ...olderKeys]);
    options = {
      isServer: true,
      secureContext,
      requestCert: this.asksForCertificate,
      rejectUnauthorized: this.needsCertificate,
      ...(data.alpnProtocols.length > 0 && { ALPNProtocols: [...data.alpnProtocols] }),
      ...(this.staples !== null && { server: this.staples.serverFor(secureContext) }),
    };
    this.#options.set(key, options);
    return options;
  }

  /** The one for new tickets first. */
  #ticketKeys(period: number): Buffer[] {
    const { sessionTickets } = this.data;
    if (sessionTickets.type === "none") return [];
    if (sessionTickets.type === "keys") return sessionTickets.keys.map((key) => Buffer.from(key));
    const info = `session tickets ${this.#sessionIdContext} ${period}`;
    return [Buffer.from(hkdfSync("sha256", this.#ticketSecret, "", info, TICKET_KEY_BYTES))];
  }
}

/** Which certificates a handshake may use. */
interface CertificateChoice {
  /** For clients that name no server. */
  readonly withoutName: readonly TlsCertificateData[];
  /** Null if the name makes no difference. */
  readonly byName: ((name: string) => readonly TlsCertificateData[]) | null;
}

/**
 * The name that the client asks for chooses the certificates: those with that name, else those with a wildcard for it, else the first
 * of all (`full_scan_certs_on_sni_mismatch`: the first of each key type). Of one name, the client's abilities choose between
 * RSA and ECDSA, preferably ECDSA. Differs from Envoy: where the name makes a difference and no tls_inspector has read it, the RSA one is
 * taken of the two. Source: Envoy's `DefaultTlsCertificateSelector`.
 */
export function certificateChoice(
  data: Pick<DownstreamTlsData, "certificates" | "fullScanOnSniMismatch">,
): CertificateChoice {
  const { certificates } = data;
  const all = firstOfEachType(certificates);
  if (certificates.length < 2 || (all.length === certificates.length && haveSameNames(certificates))) {
    return { withoutName: all, byName: null };
  }
  const named = new Map<string, TlsCertificateData[]>();
  for (const certificate of certificates) {
    for (const name of certificate.serverNames) {
      // A wildcard is filed under what follows the star, with its dot.
      const key = name.startsWith("*.") ? name.slice(1) : name;
      named.set(key, firstOfEachType([...(named.get(key) ?? []), certificate]));
    }
  }
  const unknown = data.fullScanOnSniMismatch ? all : certificates.slice(0, 1);
  const byName = (given: string): readonly TlsCertificateData[] => {
    const name = given.toLowerCase();
    const exact = named.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf(".", 1);
    return (dot === -1 ? undefined : named.get(name.slice(dot))) ?? unknown;
  };
  return { withoutName: all, byName };
}

/** In the middle of a handshake only one certificate can be named: the one that every client can verify. */
function singleCertificate(certificates: readonly TlsCertificateData[]): readonly TlsCertificateData[] {
  const rsa = certificates.find(({ keyType }) => keyType === "rsa");
  return rsa === undefined ? certificates.slice(0, 1) : [rsa];
}

function firstOfEachType(certificates: readonly TlsCertificateData[]): TlsCertificateData[] {
  return certificates.filter(({ keyType }, index) => certificates.findIndex((c) => c.keyType === keyType) === index);
}

function haveSameNames(certificates: readonly TlsCertificateData[]): boolean {
  const names = ({ serverNames }: TlsCertificateData): string => [...serverNames].sort().join();
  return certificates.every((certificate) => names(certificate) === names(certificates[0]!));
}

/** A session is resumed only where the client would be judged by the same rules. */
function sessionIdContext(data: DownstreamTlsData): string {
  const { validation, requireClientCertificate, certificates } = data;
  const parts = [validation, requireClientCertificate, certificates.map(({ chainPem }) => chainPem)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
