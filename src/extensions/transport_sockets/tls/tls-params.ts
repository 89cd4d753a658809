import { getCiphers } from "node:tls";
import type { CompileContext } from "../../../config/compile-context.ts";
import type { Place } from "../../../config/place.ts";
import {
  type TlsParameters,
  TlsParameters_TlsProtocol,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import type { TlsParamsData, TlsVersion } from "./tls-context-data.ts";

/** Envoy's, with its groups of equal preference in their order. */
const DEFAULT_CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
];
/** Not configurable, in the order of BoringSSL on machines with AES instructions. */
const TLS13_CIPHERS = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
const DEFAULT_CURVES = "X25519:P-256";

const VERSIONS: Readonly<Record<TlsParameters_TlsProtocol, TlsVersion | null>> = {
  [TlsParameters_TlsProtocol.TLS_AUTO]: null,
  [TlsParameters_TlsProtocol.TLSv1_0]: "TLSv1",
  [TlsParameters_TlsProtocol.TLSv1_1]: "TLSv1.1",
  [TlsParameters_TlsProtocol.TLSv1_2]: "TLSv1.2",
  [TlsParameters_TlsProtocol.TLSv1_3]: "TLSv1.3",
};

const CURVES: ReadonlyMap<string, string> = new Map([
  ["X25519", "X25519"],
  ["P-224", "P-224"],
  ["P-256", "P-256"],
  ["P-384", "P-384"],
  ["P-521", "P-521"],
  ["X25519MLKEM768", "X25519MLKEM768"],
]);

/** Envoy's names are BoringSSL's, which OpenSSL knows in another letter case. */
const SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  "rsa_pkcs1_sha256",
  "rsa_pkcs1_sha384",
  "rsa_pkcs1_sha512",
  "ecdsa_secp256r1_sha256",
  "ecdsa_secp384r1_sha384",
  "ecdsa_secp521r1_sha512",
  "rsa_pss_rsae_sha256",
  "rsa_pss_rsae_sha384",
  "rsa_pss_rsae_sha512",
  "ed25519",
  "rsa_pkcs1_sha1",
  "ecdsa_sha1",
]);

/**
 * Compiles `tls_params`. Differs from Envoy: ciphers of equal preference (`[A|B]`) are taken in the order in which they are written.
 * TLS 1.3 ciphers are not configurable, as in Envoy.
 */
export function compileTlsParams(
  message: TlsParameters | undefined,
  defaultMaxVersion: TlsVersion,
  place: Place,
  context: CompileContext,
): TlsParamsData {
  const minVersion = VERSIONS[message?.tlsMinimumProtocolVersion ?? 0] ?? "TLSv1.2";
  const maxVersion = VERSIONS[message?.tlsMaximumProtocolVersion ?? 0] ?? later(defaultMaxVersion, minVersion);
  if (minVersion > maxVersion) {
    context.error(place, `the minimum version ${minVersion} is above the maximum version ${maxVersion}`);
  }
  const ciphers = compileCiphers(message?.cipherSuites ?? [], place.field("cipher_suites"), context);
  // OpenSSL speaks the old versions only at the lowest security level.
  const level = minVersion < "TLSv1.2" ? ["@SECLEVEL=0"] : [];
  return {
    minVersion,
    maxVersion,
    ciphers: [...ciphers, ...level, ...TLS13_CIPHERS].join(":"),
    curves: compileCurves(message?.ecdhCurves ?? [], place.field("ecdh_curves"), context),
    signatureAlgorithms: compileSignatureAlgorithms(
      message?.signatureAlgorithms ?? [],
      place.field("signature_algorithms"),
      context,
    ),
  };
}

function later(one: TlsVersion, other: TlsVersion): TlsVersion {
  return one > other ? one : other;
}

function compileCiphers(suites: readonly string[], place: Place, context: CompileContext): string[] {
  if (suites.length === 0) return DEFAULT_CIPHERS;
  const known = new Set(getCiphers().map((name) => name.toUpperCase()));
  const names: string[] = [];
  for (const [index, entry] of suites.entries()) {
    for (const part of entry.split(/[:|[\]]/)) {
      if (part === "") continue;
      const name = openSslName(part.toUpperCase());
      if (known.has(name)) names.push(name);
      else context.error(place.index(index), `there is no cipher ${part}`, "such as ECDHE-RSA-AES128-GCM-SHA256");
    }
  }
  // With none OpenSSL would take its own list.
  return names.length === 0 ? DEFAULT_CIPHERS : names.filter((name) => !TLS13_CIPHERS.includes(name));
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`, as IANA has it, is `ECDHE-RSA-AES128-GCM-SHA256`. */
function openSslName(name: string): string {
  const iana = /^TLS_(ECDHE_(?:RSA|ECDSA)|RSA|ECDHE_PSK|PSK)_WITH_(.+)$/.exec(name);
  if (iana === null) return name;
  const exchange = iana[1] === "RSA" ? "" : `${iana[1]!.replace("_", "-")}-`;
  const cipher = iana[2]!
    .replace(/^CHACHA20_POLY1305_SHA256$/, "CHACHA20_POLY1305")
    .replace(/AES_(128|256)/, "AES$1")
    .replace(/_CBC_/, "_")
    .replaceAll("_", "-");
  return exchange + cipher;
}

function compileCurves(curves: readonly string[], place: Place, context: CompileContext): string {
  if (curves.length === 0) return DEFAULT_CURVES;
  const names = curves.map((name, index) => {
    const known = CURVES.get(name);
    if (known === undefined) {
      context.error(place.index(index), `there is no curve ${name}`, `known: ${[...CURVES.keys()].join(", ")}`);
    }
    return known ?? "X25519";
  });
  return names.join(":");
}

function compileSignatureAlgorithms(algorithms: readonly string[], place: Place, context: CompileContext): string {
  for (const [index, name] of algorithms.entries()) {
    if (SIGNATURE_ALGORITHMS.has(name)) continue;
    const hint = `known: ${[...SIGNATURE_ALGORITHMS].join(", ")}`;
    context.error(place.index(index), `there is no signature algorithm ${name}`, hint);
  }
  return algorithms.filter((name) => SIGNATURE_ALGORITHMS.has(name)).join(":");
}
