import type { CertificateInfo, TlsConnectionInfo } from "../../../net/tls-connection-info.ts";
import type { StreamInfo } from "../../stream-info.ts";
import { type FormatOperator, plainOperator } from "../format-context.ts";
import { compileTimeFormat, createIsoTimeFormat } from "../strftime.ts";

/** Which of the two connections an operator is about. */
type Side = (info: StreamInfo) => TlsConnectionInfo | null;

const downstream: Side = ({ connection }) => connection.tls;
const upstream: Side = (info) => (info.upstream === null ? null : info.upstream.tls);

/** An operator about the TLS of a connection; missing without TLS and if the value is empty. */
function tlsOperator(side: Side, read: (tls: TlsConnectionInfo) => string): FormatOperator {
  return plainOperator(({ streamInfo }) => {
    const tls = side(streamInfo);
    return tls === null ? undefined : read(tls) || undefined;
  });
}

/** An operator about one of the connection's certificates; missing if there is none. Several values are joined by commas. */
function certificateOperator(
  side: Side,
  whose: "peer" | "local",
  read: (certificate: CertificateInfo) => string | readonly string[],
): FormatOperator {
  return tlsOperator(side, (tls) => {
    const certificate = tls[whose];
    return certificate === null ? "" : String(read(certificate));
  });
}

/** An operator about a moment of the peer's certificate, with an optional format. */
function momentOperator(side: Side, read: (certificate: CertificateInfo) => number): FormatOperator {
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
        const certificate = side(streamInfo)?.peer;
        return certificate == null ? undefined : format(read(certificate));
      };
    },
  };
}

/** The operators of the names in one certificate. */
function nameOperators(prefix: string, side: Side, whose: "peer" | "local"): [string, FormatOperator][] {
  return [
    [`${prefix}_URI_SAN`, certificateOperator(side, whose, ({ uriSans }) => uriSans)],
    [`${prefix}_DNS_SAN`, certificateOperator(side, whose, ({ dnsSans }) => dnsSans)],
    [`${prefix}_IP_SAN`, certificateOperator(side, whose, ({ ipSans }) => ipSans)],
  ];
}

/** More operators of a certificate, which only the client's connection has. */
function moreNameOperators(prefix: string, whose: "peer" | "local"): [string, FormatOperator][] {
  return [
    ...nameOperators(prefix, downstream, whose),
    [`${prefix}_SUBJECT`, certificateOperator(downstream, whose, ({ subject }) => subject)],
    [`${prefix}_EMAIL_SAN`, certificateOperator(downstream, whose, ({ emailSans }) => emailSans)],
    [`${prefix}_OTHERNAME_SAN`, certificateOperator(downstream, whose, ({ otherNameSans }) => otherNameSans)],
  ];
}

/** The operators that both connections have. */
function connectionOperators(prefix: string, side: Side): [string, FormatOperator][] {
  return [
    [`${prefix}_TLS_VERSION`, tlsOperator(side, ({ version }) => version)],
    [`${prefix}_TLS_CIPHER`, tlsOperator(side, ({ cipher }) => cipher)],
    [`${prefix}_TLS_SESSION_ID`, tlsOperator(side, ({ sessionId }) => sessionId)],
    [`${prefix}_PEER_ISSUER`, certificateOperator(side, "peer", ({ issuer }) => issuer)],
    [`${prefix}_PEER_CERT`, certificateOperator(side, "peer", ({ pem }) => urlEncodedPem(pem))],
    [`${prefix}_PEER_CERT_V_START`, momentOperator(side, ({ validFromMs }) => validFromMs)],
    [`${prefix}_PEER_CERT_V_END`, momentOperator(side, ({ validToMs }) => validToMs)],
  ];
}

/** PEM as Envoy writes it where there is no room for line ends and separators. */
export function urlEncodedPem(pem: string): string {
  return pem.replace(
    /[\n +/=]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** An operator about all certificates that the client showed. */
function chainOperator(read: (certificate: CertificateInfo) => string): FormatOperator {
  return tlsOperator(downstream, ({ peerChain }) => peerChain.map(read).join());
}

/** Operators about the TLS of both connections. */
export const tlsOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ...connectionOperators("DOWNSTREAM", downstream),
  ...moreNameOperators("DOWNSTREAM_PEER", "peer"),
  ...moreNameOperators("DOWNSTREAM_LOCAL", "local"),
  ["DOWNSTREAM_PEER_SERIAL", certificateOperator(downstream, "peer", ({ serialNumber }) => serialNumber)],
  ["DOWNSTREAM_PEER_FINGERPRINT_256", certificateOperator(downstream, "peer", ({ sha256 }) => sha256)],
  ["DOWNSTREAM_PEER_FINGERPRINT_1", certificateOperator(downstream, "peer", ({ sha1 }) => sha1)],
  ["DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256", chainOperator(({ sha256 }) => sha256)],
  ["DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1", chainOperator(({ sha1 }) => sha1)],
  ["DOWNSTREAM_PEER_CHAIN_SERIALS", chainOperator(({ serialNumber }) => serialNumber)],
  ...connectionOperators("UPSTREAM", upstream),
  ["UPSTREAM_PEER_SUBJECT", certificateOperator(upstream, "peer", ({ subject }) => subject)],
  ...nameOperators("UPSTREAM_PEER", upstream, "peer"),
  ...nameOperators("UPSTREAM_LOCAL", upstream, "local"),
]);
