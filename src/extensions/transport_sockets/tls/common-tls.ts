import { createHash } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type DescMessage, fromBinary, type MessageShape, mergeFromBinary, toBinary } from "@bufbuild/protobuf";
import type { CompileContext } from "../../../config/compile-context.ts";
import type { Place } from "../../../config/place.ts";
import { type CidrData, cidrProblem } from "../../../match/ip-prefix-table.ts";
import type { CidrRange } from "../../../proto/gen/envoy/config/core/v3/address_pb.js";
import { CertificateValidationContextSchema } from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import type { SdsSecretConfig } from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import type {
  CommonTlsContext,
  TlsKeyLog,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import { findSecret } from "./secret-source.ts";
import { secureContextOptions } from "./secure-context-options.ts";
import { compileTlsCertificate } from "./tls-certificate.ts";
import type {
  CommonTlsData,
  TlsCertificateData,
  TlsContextData,
  TlsKeyLogData,
  TlsReference,
  TlsValidationData,
  TlsVersion,
} from "./tls-context-data.ts";
import { compileTlsParams } from "./tls-params.ts";
import { compileValidationContext } from "./validation-context.ts";

const MAX_ALPN_BYTES = 255;

/** Compiles what both directions have. */
export function compileCommonTls(
  message: CommonTlsContext | undefined,
  defaultMaxVersion: TlsVersion,
  place: Place,
  context: CompileContext,
): CommonTlsData {
  const alpn = message?.alpnProtocols ?? [];
  for (const [index, protocol] of alpn.entries()) {
    const length = Buffer.byteLength(protocol);
    if (length > 0 && length <= MAX_ALPN_BYTES) continue;
    context.error(place.field("alpn_protocols").index(index), `a protocol has 1 to ${MAX_ALPN_BYTES} bytes`);
  }
  return {
    certificates: message === undefined ? [] : compileCertificates(message, place, context),
    validation: message === undefined ? null : compileValidation(message, place, context),
    params: compileTlsParams(message?.tlsParams, defaultMaxVersion, place.field("tls_params"), context),
    alpnProtocols: alpn,
    keyLog: compileKeyLog(message?.keyLog, place.field("key_log"), context),
  };
}

/**
 * Adds a compiled context as a resource and answers the reference to it. Its name comes from the configured message and not from what
 * the message refers to: other certificates in the same files are the same context with other content, and no change of
 * whoever uses it.
 */
export function addTlsContext<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
  data: TlsContextData,
  place: Place,
  context: CompileContext,
): TlsReference {
  try {
    for (const certificate of data.certificates.length === 0 ? [null] : data.certificates) {
      createSecureContext(secureContextOptions(data, certificate === null ? [] : [certificate]));
    }
  } catch (error) {
    context.error(place, `no TLS context can be made of this: ${(error as Error).message}`);
  }
  const hash = createHash("sha256").update(toBinary(schema, message)).digest("hex").slice(0, 12);
  return { context: context.addResource("tlsContext", `tls-${hash}`, data) };
}

function compileCertificates(message: CommonTlsContext, place: Place, context: CompileContext): TlsCertificateData[] {
  const inline = place.field("tls_certificates");
  const compiled = message.tlsCertificates.map((each, index) =>
    compileTlsCertificate(each, inline.index(index), context),
  );
  // Envoy does not look at the references when there are certificates.
  const references = place.field("tls_certificate_sds_secret_configs");
  if (message.tlsCertificates.length > 0 && message.tlsCertificateSdsSecretConfigs.length > 0) {
    context.error(references, "these certificates would be ignored: there are tls_certificates", "keep one of the two");
  }
  for (const [index, reference] of message.tlsCertificateSdsSecretConfigs.entries()) {
    const at = references.index(index);
    const found = findSecret(reference, at, context);
    if (found === undefined) continue;
    const { secret } = found;
    if (secret.type.case === "tlsCertificate") {
      compiled.push(compileTlsCertificate(secret.type.value, found.place, found.context));
    } else {
      context.error(at, `the secret ${JSON.stringify(reference.name)} is no tls_certificate`);
    }
  }
  return compiled.flatMap((each) => each ?? []);
}

function compileValidation(message: CommonTlsContext, place: Place, context: CompileContext): TlsValidationData | null {
  const { validationContextType: type } = message;
  switch (type.case) {
    case "validationContext":
      return compileValidationContext(type.value, place.field("validation_context"), context);
    case "validationContextSdsSecretConfig":
      return compileReference(type.value, null, place.field("validation_context_sds_secret_config"), context);
    case "combinedValidationContext": {
      const { defaultValidationContext, validationContextSdsSecretConfig } = type.value;
      if (validationContextSdsSecretConfig === undefined || defaultValidationContext === undefined) return null;
      const at = place.field("combined_validation_context").field("validation_context_sds_secret_config");
      const base = toBinary(CertificateValidationContextSchema, defaultValidationContext);
      return compileReference(validationContextSdsSecretConfig, base, at, context);
    }
    default:
      return null;
  }
}

/** `base` is a context that the referenced one is merged into: its lists are appended, its single settings win. */
function compileReference(
  reference: SdsSecretConfig,
  base: Uint8Array | null,
  place: Place,
  context: CompileContext,
): TlsValidationData | null {
  const found = findSecret(reference, place, context);
  if (found === undefined) return null;
  const { type } = found.secret;
  if (type.case !== "validationContext") {
    context.error(place, `the secret ${JSON.stringify(reference.name)} is no validation_context`);
    return null;
  }
  if (base === null) return compileValidationContext(type.value, found.place, found.context);
  const merged = fromBinary(CertificateValidationContextSchema, base);
  mergeFromBinary(CertificateValidationContextSchema, merged, toBinary(CertificateValidationContextSchema, type.value));
  // What is wrong with the merged one is wrong here, not in the secret.
  return compileValidationContext(merged, place, context);
}

function compileKeyLog(message: TlsKeyLog | undefined, place: Place, context: CompileContext): TlsKeyLogData | null {
  if (message === undefined) return null;
  const ranges = (list: readonly CidrRange[], at: Place): CidrData[] =>
    list.map((range, index) => {
      const bits = range.addressPrefix.includes(":") ? 128 : 32;
      const cidr = { address: range.addressPrefix, prefixLength: range.prefixLen ?? bits };
      const problem = cidrProblem(cidr);
      if (problem !== null) context.error(at.index(index), problem);
      return cidr;
    });
  context.warning(place, "who can read this file can read the connections");
  return {
    path: message.path,
    localRanges: ranges(message.localAddressRange, place.field("local_address_range")),
    remoteRanges: ranges(message.remoteAddressRange, place.field("remote_address_range")),
  };
}
