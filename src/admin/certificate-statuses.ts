import type { X509Certificate } from "node:crypto";
import { pemCertificates } from "../extensions/transport_sockets/tls/pem.ts";
import { type SubjectAltName, subjectAltNames } from "../extensions/transport_sockets/tls/subject-alt-names.ts";
import type { OcspStapleData, TlsContextData } from "../extensions/transport_sockets/tls/tls-context-data.ts";
import type { Json, JsonObject } from "./json-value.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** The names that Envoy's `SubjectAlternateName` has; others are left out. */
const SAN_FIELDS: Partial<Record<SubjectAltName["type"], string>> = { dns: "dns", uri: "uri", ip: "ip_address" };

/**
 * The certificates in force as `envoy.admin.v3.Certificates`: for each TLS context its first CA and the leaves it shows. A
 * certificate that several contexts use alike is shown with each.
 */
export function certificateStatuses(contexts: readonly TlsContextData[], nowMs: number): Json {
  const certificates = contexts.map((context): JsonObject => {
    const ca = context.validation?.caPem;
    return {
      ca_cert: ca == null ? [] : firstOf(ca, context.validation!.caSource, null, nowMs),
      cert_chain: context.certificates.flatMap(({ chainPem, source, ocspStaple }) =>
        firstOf(chainPem, source, ocspStaple, nowMs),
      ),
    };
  });
  return { certificates };
}

function firstOf(pem: string, path: string, staple: OcspStapleData | null, nowMs: number): JsonObject[] {
  return pemCertificates(pem)
    .slice(0, 1)
    .map((certificate) => details(certificate, path, staple, nowMs));
}

function details(certificate: X509Certificate, path: string, staple: OcspStapleData | null, nowMs: number): JsonObject {
  const validToMs = Date.parse(certificate.validTo);
  return {
    path,
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: (subjectAltNames(certificate.raw) ?? []).flatMap(({ type, value }): JsonObject[] => {
      const field = SAN_FIELDS[type];
      return field === undefined ? [] : [{ [field]: value }];
    }),
    days_until_expiration: String(Math.max(0, Math.floor((validToMs - nowMs) / DAY_MS))),
    valid_from: timestamp(Date.parse(certificate.validFrom)),
    expiration_time: timestamp(validToMs),
    ...(staple?.expiresAtMs != null && { ocsp_details: { expiration: timestamp(staple.expiresAtMs) } }),
  };
}

function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(".000Z", "Z");
}
