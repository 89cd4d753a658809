import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { asciiLowerCase } from "../../../match/string-matcher.ts";
import type { CertificateInfo, TlsConnectionInfo } from "../../../net/tls-connection-info.ts";
import { X509Info } from "./certificate-info.ts";
import { derElement, derElements } from "./der.ts";

/** The longest chain that is shown; the library has its own limit for what it verifies. */
const MAX_CHAIN = 20;

/** The TLS of one connection. What the socket forgets when it closes is read at once, if it is cheap. */
export class SocketTlsInfo implements TlsConnectionInfo {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string;
  readonly alpnProtocol: string;
  readonly sessionReused: boolean;
  readonly peerValidated: boolean;
  readonly #socket: TLSSocket;
  readonly #peerCertificate: X509Certificate | null;
  #peer: X509Info | null = null;
  #local: X509Info | null = null;

  /** After the handshake. `peerCertificate`: as the socket gave it. */
  constructor(socket: TLSSocket, peerCertificate: X509Certificate | null, peerValidated: boolean) {
    this.#socket = socket;
    this.#peerCertificate = peerCertificate;
    this.peerValidated = peerValidated;
    this.version = socket.getProtocol() ?? "";
    this.cipher = socket.getCipher()?.name ?? "";
    this.serverName = typeof socket.servername === "string" ? asciiLowerCase(socket.servername) : "";
    this.alpnProtocol = typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : "";
    this.sessionReused = socket.isSessionReused();
  }

  get sessionId(): string {
    try {
      const session = this.#socket.getSession();
      if (session === undefined || session === null) return "";
      // SSL_SESSION in ASN.1: two versions, the cipher, the id.
      return Buffer.from(derElements(derElement(unwrapped(session)).content)[3]!.content).toString("hex");
    } catch {
      return "";
    }
  }

  get peer(): CertificateInfo | null {
    if (this.#peerCertificate === null) return null;
    this.#peer ??= new X509Info(this.#peerCertificate);
    return this.#peer;
  }

  get local(): CertificateInfo | null {
    const certificate = this.#local === null ? this.#socket.getX509Certificate() : undefined;
    if (certificate !== undefined) this.#local = new X509Info(certificate);
    return this.#local;
  }

  get peerChain(): readonly CertificateInfo[] {
    const chain: CertificateInfo[] = [];
    let certificate: X509Certificate | undefined = this.#peerCertificate ?? undefined;
    while (certificate !== undefined && chain.length < MAX_CHAIN) {
      chain.push(chain.length === 0 ? this.peer! : new X509Info(certificate));
      certificate = certificate.issuerCertificate;
    }
    return chain;
  }
}

/** Of a client's session Node prefixes the server's name. */
function unwrapped(session: Buffer): Uint8Array {
  const prefix = Buffer.from("\0nodejs:tls:session:1\0");
  if (!session.subarray(0, prefix.length).equals(prefix)) return session;
  return session.subarray(prefix.length + 2 + session.readUInt16BE(prefix.length));
}
