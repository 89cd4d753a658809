import type { CertificateInfo, TlsConnectionInfo } from "../../../net/tls-connection-info.ts";
import { type FormatOperator, plainOperator } from "../format-context.ts";
import { compileTimeFormat, createIsoTimeFormat } from "../strftime.ts";

/** An operator about the TLS of the client's connection; missing without TLS and if the value is empty. */
function tlsOperator(read: (tls: TlsConnectionInfo) => string): FormatOperator {
  return plainOperator(({ streamInfo }) => {
    const { tls } = streamInfo.connection;
    return tls === null ? undefined : read(tls) || undefined;
  });
}

/** An operator about one of the connection's certificates; missing if there is none. Several values are joined by commas. */
function certificateOperator(
  whose: "peer" | "local",
  read: (certificate: CertificateInfo) => string | readonly string[],
): FormatOperator {
  return tlsOperator((tls) => {
    const certificate = tls[whose];
    return certificate === null ? "" : String(read(certificate));
  });
}

/** An operator about a moment of the client's certificate, with an optional format. */
function momentOperator(read: (certificate: CertificateInfo) => number): FormatOperator {
  return {
    argument: "optional",
    truncates: false,
    problem(argument) {
      const compiled = argument === "" ? null : compileTimeFormat(argument);
      return compiled !== null && typeof compiled !== "function" ? compiled.problem : null;
    },
    create(argument) {
      const format = argument === "" ? createIsoTimeFormat() : compileTimeFormat(argument);
      if (typeof format !== "function") throw new TypeError(format.problem);
      return ({ streamInfo }) => {
        const certificate = streamInfo.connection.tls?.peer;
        return certificate == null ? undefined : format(read(certificate));
      };
    },
  };
}

/** The operators of one side's names. */
function nameOperators(side: "PEER" | "LOCAL", whose: "peer" | "local"): [string, FormatOperator][] {
  return [
    [`DOWNSTREAM_${side}_SUBJECT`, certificateOperator(whose, ({ subject }) => subject)],
    [`DOWNSTREAM_${side}_URI_SAN`, certificateOperator(whose, ({ uriSans }) => uriSans)],
    [`DOWNSTREAM_${side}_DNS_SAN`, certificateOperator(whose, ({ dnsSans }) => dnsSans)],
    [`DOWNSTREAM_${side}_IP_SAN`, certificateOperator(whose, ({ ipSans }) => ipSans)],
    [`DOWNSTREAM_${side}_EMAIL_SAN`, certificateOperator(whose, ({ emailSans }) => emailSans)],
    [`DOWNSTREAM_${side}_OTHERNAME_SAN`, certificateOperator(whose, ({ otherNameSans }) => otherNameSans)],
  ];
}

/** PEM as Envoy writes it where there is no room for line ends and separators. */
export function urlEncodedPem(pem: string): string {
  return pem.replace(
    /[\n +/=]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Operators about the TLS of the client's connection. */
export const tlsOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ["DOWNSTREAM_TLS_VERSION", tlsOperator(({ version }) => version)],
  ["DOWNSTREAM_TLS_CIPHER", tlsOperator(({ cipher }) => cipher)],
  ["DOWNSTREAM_TLS_SESSION_ID", tlsOperator(({ sessionId }) => sessionId)],
  ...nameOperators("PEER", "peer"),
  ...nameOperators("LOCAL", "local"),
  ["DOWNSTREAM_PEER_ISSUER", certificateOperator("peer", ({ issuer }) => issuer)],
  ["DOWNSTREAM_PEER_SERIAL", certificateOperator("peer", ({ serialNumber }) => serialNumber)],
  ["DOWNSTREAM_PEER_FINGERPRINT_256", certificateOperator("peer", ({ sha256 }) => sha256)],
  ["DOWNSTREAM_PEER_FINGERPRINT_1", certificateOperator("peer", ({ sha1 }) => sha1)],
  ["DOWNSTREAM_PEER_CERT", certificateOperator("peer", ({ pem }) => urlEncodedPem(pem))],
  ["DOWNSTREAM_PEER_CERT_V_START", momentOperator(({ validFromMs }) => validFromMs)],
  ["DOWNSTREAM_PEER_CERT_V_END", momentOperator(({ validToMs }) => validToMs)],
  ["DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256", tlsOperator(({ peerChain }) => peerChain.map((c) => c.sha256).join())],
  ["DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1", tlsOperator(({ peerChain }) => peerChain.map((c) => c.sha1).join())],
  ["DOWNSTREAM_PEER_CHAIN_SERIALS", tlsOperator(({ peerChain }) => peerChain.map((c) => c.serialNumber).join())],
]);
