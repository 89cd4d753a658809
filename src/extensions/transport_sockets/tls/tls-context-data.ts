import type { CidrData } from "../../../match/ip-prefix-table.ts";
import type { StringMatcherData } from "../../../match/string-matcher.ts";

/** A certificate with its key, checked: the key fits, both can be used. */
export interface TlsCertificateData {
  /** Where it came from: a path, `<inline>` or the name of a variable. */
  readonly source: string;
  /** The leaf first. */
  readonly chainPem: string;
  /** Not encrypted. */
  readonly keyPem: string;
  /** A handshake can choose between certificates of different types. */
  readonly keyType: "rsa" | "ec";
  /** DNS names of the leaf in lower case (its common name if it has no SAN at all): `a.com`, `*.a.com`. */
  readonly serverNames: readonly string[];
  /** End of its validity, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
  readonly ocspStaple: OcspStapleData | null;
  /** The certificate says that it is good with a staple only (RFC 7633). */
  readonly mustStaple: boolean;
}

/** A DER `OCSPResponse` for a certificate. */
export interface OcspStapleData {
  readonly der: Uint8Array;
  /** Milliseconds since the epoch; null if it says nothing. */
  readonly expiresAtMs: number | null;
}

/** The kinds of subject alternative names that can be matched. */
export type SanType = "email" | "dns" | "uri" | "ip" | "otherName";

/** One of `match_typed_subject_alt_names`. */
export interface SanMatcherData {
  readonly type: SanType;
  readonly matcher: StringMatcherData;
  /** Of an `otherName`; else `""`. */
  readonly oid: string;
}

/** How a peer's certificate is judged. */
export interface TlsValidationData {
  /** Where the trusted CAs came from; `""` if there are none. */
  readonly caSource: string;
  /** PEM; null: the chain is not verified. */
  readonly caPem: string | null;
  /** When the first of the configured CAs runs out; null: none is configured, or the system's are. */
  readonly caExpiresAtMs: number | null;
  readonly crlPem: string | null;
  /** How many CAs a chain may have, the root among them (`max_verify_depth`); null: as many as the TLS library takes. */
  readonly maxVerifyDepth: number | null;
  /** SHA-256 of acceptable certificates, lower-case hex. */
  readonly certificateHashes: readonly string[];
  /** SHA-256 of acceptable public keys, base64. */
  readonly spkiHashes: readonly string[];
  readonly sanMatchers: readonly SanMatcherData[];
  /** `ACCEPT_UNTRUSTED`: what fails is noted and let in. */
  readonly acceptUntrusted: boolean;
}

/** `tls_params` in OpenSSL's words. */
export interface TlsParamsData {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Those of TLS 1.2 in order of preference, then those of TLS 1.3; joined by colons. */
  readonly ciphers: string;
  readonly curves: string;
  /** `""`: the library's. */
  readonly signatureAlgorithms: string;
}

/** In the order of their age; their names sort likewise. */
export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** `key_log`. Empty ranges are all addresses. */
export interface TlsKeyLogData {
  readonly path: string;
  readonly localRanges: readonly CidrData[];
  readonly remoteRanges: readonly CidrData[];
}

/** What both directions have. */
export interface CommonTlsData {
  readonly certificates: readonly TlsCertificateData[];
  readonly validation: TlsValidationData | null;
  readonly params: TlsParamsData;
  readonly alpnProtocols: readonly string[];
  readonly keyLog: TlsKeyLogData | null;
}

/** Resumption by tickets: with keys that all workers derive from one secret, with given ones (48 bytes each: new tickets get the first, all are read), or none. */
export type SessionTicketsData =
  | { readonly type: "derived" }
  | { readonly type: "keys"; readonly keys: readonly Uint8Array[] }
  | { readonly type: "none" };

/** A compiled `DownstreamTlsContext`: a resource of its own, so that another certificate is no change of its listener. */
export interface DownstreamTlsData extends CommonTlsData {
  readonly type: "downstream";
  readonly requireClientCertificate: boolean;
  readonly requireSni: boolean;
  readonly fullScanOnSniMismatch: boolean;
  readonly sessionTickets: SessionTicketsData;
  readonly sessionTimeoutS: number;
  readonly ocspStaplePolicy: "lenient" | "strict" | "must";
}

/** A compiled `UpstreamTlsContext`, likewise. */
export interface UpstreamTlsData extends CommonTlsData {
  readonly type: "upstream";
  /** `""`: none is sent. */
  readonly sni: string;
  readonly allowRenegotiation: boolean;
  /** How many sessions are kept for resumption; 0: none. */
  readonly maxSessionKeys: number;
}

/** The data of a resource of kind `tlsContext`. */
export type TlsContextData = DownstreamTlsData | UpstreamTlsData;

/** What a filter chain or cluster holds of its TLS context: the name of the resource. */
export interface TlsReference {
  readonly context: string;
}
