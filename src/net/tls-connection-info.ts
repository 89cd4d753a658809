/** A certificate as logs, headers and filters show it. Texts are wire text; names are in the certificate's order. */
export interface CertificateInfo {
  /** RFC 2253: `CN=a,O=b`, the most special part first. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serialNumber: string;
  /** SHA-256 and SHA-1 of the certificate, lower-case hex. */
  readonly sha256: string;
  readonly sha1: string;
  readonly dnsSans: readonly string[];
  readonly uriSans: readonly string[];
  readonly ipSans: readonly string[];
  readonly emailSans: readonly string[];
  readonly otherNameSans: readonly string[];
  /** Milliseconds since the epoch. */
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly pem: string;
}

/** What is known of the TLS of a connection once its handshake is over. Costly parts are read when they are first asked for. */
export interface TlsConnectionInfo {
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL's name, such as `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  /** Lower-case hex; `""` if there is none. */
  readonly sessionId: string;
  /** `""` if the client named no server. */
  readonly serverName: string;
  /** `""` if none was agreed upon. */
  readonly alpnProtocol: string;
  readonly sessionReused: boolean;
  /** The peer's certificate; null if it showed none. */
  readonly peer: CertificateInfo | null;
  /** Whether the peer's certificate was verified and found good. */
  readonly peerValidated: boolean;
  /** The peer's certificate and those it sent along, as far as they are issuers of each other. */
  readonly peerChain: readonly CertificateInfo[];
  /** Our own certificate; null for a client without one. */
  readonly local: CertificateInfo | null;
}
