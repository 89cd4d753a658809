import { getCACertificates } from "node:tls";
import type { CompileContext } from "../../../config/compile-context.ts";
import { compileDataSource } from "../../../config/data-source.ts";
import type { Place } from "../../../config/place.ts";
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification,
  type SubjectAltNameMatcher,
  SubjectAltNameMatcher_SanType,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import { compileStringMatcher } from "../../../route/compile/matchers.ts";
import { pemBlocks, pemCertificates } from "./pem.ts";
import { LARGEST_PEM_BYTES, sourceLabel } from "./source-label.ts";
import { warnOfTime } from "./tls-certificate.ts";
import type { SanMatcherData, SanType, TlsValidationData } from "./tls-context-data.ts";

const SAN_TYPES: Readonly<Record<SubjectAltNameMatcher_SanType, SanType | null>> = {
  [SubjectAltNameMatcher_SanType.SAN_TYPE_UNSPECIFIED]: null,
  [SubjectAltNameMatcher_SanType.EMAIL]: "email",
  [SubjectAltNameMatcher_SanType.DNS]: "dns",
  [SubjectAltNameMatcher_SanType.URI]: "uri",
  [SubjectAltNameMatcher_SanType.IP_ADDRESS]: "ip",
  [SubjectAltNameMatcher_SanType.OTHER_NAME]: "otherName",
};
/** `match_subject_alt_names` means all of these. */
const OLD_SAN_TYPES: readonly SanType[] = ["dns", "uri", "email", "ip"];

/** Compiles how certificates of peers are judged; reads the CAs and revocation lists. */
export function compileValidationContext(
  message: CertificateValidationContext,
  place: Place,
  context: CompileContext,
): TlsValidationData {
  const caPem = trustedCa(message, place, context);
  const sanMatchers = compileSanMatchers(message, place, context);
  if (sanMatchers.length > 0 && caPem === null) {
    const at = place.field("match_typed_subject_alt_names");
    context.error(at, "names of a certificate that nobody vouches for say nothing", "give a trusted_ca");
  }
  return {
    caSource: message.systemRootCerts === undefined ? sourceLabel(message.trustedCa) : "the system's certificates",
    caPem,
    caExpiresAtMs: message.systemRootCerts === undefined ? expiryOfFirst(caPem ?? "") : null,
    maxVerifyDepth: message.maxVerifyDepth ?? null,
    crlPem: revocationLists(message, place.field("crl"), context),
    certificateHashes: message.verifyCertificateHash.map((text, index) => {
      const hash = text.replaceAll(":", "").toLowerCase();
      if (!/^[0-9a-f]{64}$/.test(hash)) {
        const at = place.field("verify_certificate_hash").index(index);
        context.error(at, "not a SHA-256 in hex", "as openssl x509 -noout -fingerprint -sha256 prints it");
      }
      return hash;
    }),
    spkiHashes: message.verifyCertificateSpki.map((text, index) => {
      const bytes = Buffer.from(text, "base64");
      if (bytes.length !== 32 || bytes.toString("base64") !== text) {
        context.error(place.field("verify_certificate_spki").index(index), "not a SHA-256 in base64");
      }
      return text;
    }),
    sanMatchers,
    acceptUntrusted:
      message.trustChainVerification === CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED,
  };
}

function trustedCa(message: CertificateValidationContext, place: Place, context: CompileContext): string | null {
  if (message.systemRootCerts !== undefined) return getCACertificates("system").join("\n");
  if (message.trustedCa === undefined) return null;
  const at = place.field("trusted_ca");
  const bytes = compileDataSource(message.trustedCa, LARGEST_PEM_BYTES, at, context);
  if (bytes.length === 0) return "";
  const pem = Buffer.from(bytes).toString("utf8");
  const source = sourceLabel(message.trustedCa);
  try {
    const certificates = pemCertificates(pem);
    if (certificates.length === 0) {
      context.error(at, `there is no certificate in ${source}`, "it must be PEM: -----BEGIN CERTIFICATE-----");
    }
    for (const certificate of certificates) warnOfTime(certificate, source, at, context);
  } catch (error) {
    context.error(at, `a certificate in ${source} can't be read: ${(error as Error).message}`);
  }
  return pem;
}

function expiryOfFirst(pem: string): number | null {
  try {
    const [certificate] = pemCertificates(pem);
    return certificate === undefined ? null : Date.parse(certificate.validTo);
  } catch {
    return null; // Reported already.
  }
}

function revocationLists(message: CertificateValidationContext, place: Place, context: CompileContext): string | null {
  if (message.crl === undefined) return null;
  const pem = Buffer.from(compileDataSource(message.crl, LARGEST_PEM_BYTES, place, context)).toString("utf8");
  if (pem === "" || pemBlocks(pem, "X509 CRL").length > 0) return pem;
  context.error(place, `there is no revocation list in ${sourceLabel(message.crl)}`, "-----BEGIN X509 CRL-----");
  return null;
}

function compileSanMatchers(
  message: CertificateValidationContext,
  place: Place,
  context: CompileContext,
): SanMatcherData[] {
  const typed = place.field("match_typed_subject_alt_names");
  const matchers = message.matchTypedSubjectAltNames.flatMap(
    (each, index) => compileSanMatcher(each, typed.index(index), context) ?? [],
  );
  // The typed ones replace the old ones, as in Envoy.
  if (matchers.length > 0) return matchers;
  const old = place.field("match_subject_alt_names");
  return message.matchSubjectAltNames.flatMap((each, index) => {
    const matcher = compileStringMatcher(each, old.index(index), context);
    return OLD_SAN_TYPES.map((type): SanMatcherData => ({ type, matcher, oid: "" }));
  });
}

function compileSanMatcher(
  message: SubjectAltNameMatcher,
  place: Place,
  context: CompileContext,
): SanMatcherData | undefined {
  const type = SAN_TYPES[message.sanType];
  if (type === null || message.matcher === undefined) return undefined;
  const matcher = compileStringMatcher(message.matcher, place.field("matcher"), context);
  if (type === "otherName" && !/^[0-2](\.\d+)+$/.test(message.oid)) {
    context.error(
      place.field("oid"),
      "an OTHER_NAME needs the identifier of its type",
      "such as 1.3.6.1.4.1.311.20.2.3",
    );
  }
  return { type, matcher, oid: type === "otherName" ? message.oid : "" };
}
