import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type { TlsCertificateData, TlsContextData } from "./tls-context-data.ts";

/**
 * What a context of the TLS library is made of, with these certificates, at most one of each key type. Without CAs nothing is
 * trusted: the peer's chain is then not looked at, and the library's own list must not stand in.
 */
export function secureContextOptions(
  data: TlsContextData,
  certificates: readonly TlsCertificateData[],
): SecureContextOptions {
  const { params, validation } = data;
  return {
    minVersion: params.minVersion,
    maxVersion: params.maxVersion,
    ciphers: params.ciphers,
    ecdhCurve: params.curves,
    honorCipherOrder: data.type === "downstream",
    cert: certificates.map(({ chainPem }) => chainPem),
    key: certificates.map(({ keyPem }) => keyPem),
    // An empty list keeps the built-in CAs out; a server also names these CAs to its clients.
    ca: validation?.caPem ?? [],
    allowPartialTrustChain: true,
    ...(params.signatureAlgorithms !== "" && { sigalgs: params.signatureAlgorithms }),
    ...(validation?.crlPem != null && { crl: validation.crlPem }),
    ...(data.type === "downstream" && {
      sessionTimeout: data.sessionTimeoutS,
      secureOptions: data.sessionTickets.type === "none" ? constants.SSL_OP_NO_TICKET : 0,
    }),
  };
}
