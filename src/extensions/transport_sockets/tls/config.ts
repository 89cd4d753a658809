import type { CompileContext } from "../../../config/compile-context.ts";
import type { SecretChecker } from "../../../config/compiler/compiler-table.ts";
import { compileDataSource, dataSourceSupport } from "../../../config/data-source.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import type { Place } from "../../../config/place.ts";
import type { TlsSessionTicketKeys } from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import {
  type DownstreamTlsContext,
  DownstreamTlsContext_OcspStaplePolicy,
  DownstreamTlsContextSchema,
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import { matcherSupport } from "../../../route/compile/matchers.ts";
import { addTlsContext, compileCommonTls } from "./common-tls.ts";
import { findSecret } from "./secret-source.ts";
import { compileTlsCertificate } from "./tls-certificate.ts";
import type { CommonTlsData, SessionTicketsData, TlsReference } from "./tls-context-data.ts";
import { SECRET_SUPPORT, TLS_SUPPORT, UPSTREAM_TLS_SUPPORT } from "./tls-support.ts";
import { compileValidationContext } from "./validation-context.ts";

const TICKET_KEY_BYTES = 80;
/** OpenSSL's default. */
const DEFAULT_SESSION_TIMEOUT_S = 7200;
const DEFAULT_MAX_SESSION_KEYS = 1;

const STAPLE_POLICIES = {
  [DownstreamTlsContext_OcspStaplePolicy.LENIENT_STAPLING]: "lenient",
  [DownstreamTlsContext_OcspStaplePolicy.STRICT_STAPLING]: "strict",
  [DownstreamTlsContext_OcspStaplePolicy.MUST_STAPLE]: "must",
} as const;

/** TLS with clients, main side: `DownstreamTlsContext` becomes a resource and a `TlsReference` to it. */
export const downstreamTlsConfig = extensionConfig({
  name: "envoy.transport_sockets.tls",
  categories: ["envoy.transport_sockets.downstream"],
  schema: DownstreamTlsContextSchema,
  support: TLS_SUPPORT,
  configRequired: true,
  compile: compileDownstream,
});

/** TLS with upstream hosts, main side. */
export const upstreamTlsConfig = extensionConfig({
  name: "envoy.transport_sockets.tls",
  categories: ["envoy.transport_sockets.upstream"],
  schema: UpstreamTlsContextSchema,
  support: UPSTREAM_TLS_SUPPORT,
  compile: compileUpstream,
});

/** Checks `static_resources.secrets`. */
export const secretChecker: SecretChecker = {
  support: [...SECRET_SUPPORT, ...dataSourceSupport, ...matcherSupport],
  check(message, place, context) {
    const { type } = message;
    if (type.case === "tlsCertificate") compileTlsCertificate(type.value, place.field("tls_certificate"), context);
    else if (type.case === "validationContext") {
      compileValidationContext(type.value, place.field("validation_context"), context);
    } else if (type.case === "sessionTicketKeys") {
      compileTicketKeys(type.value, place.field("session_ticket_keys"), context);
    }
  },
};

function compileDownstream(message: DownstreamTlsContext, place: Place, context: CompileContext): TlsReference {
  const common = compileCommonTls(message.commonTlsContext, "TLSv1.3", place.field("common_tls_context"), context);
  const at = place.field("common_tls_context").field("tls_certificates");
  const { tlsCertificates = [], tlsCertificateSdsSecretConfigs = [] } = message.commonTlsContext ?? {};
  if (tlsCertificates.length + tlsCertificateSdsSecretConfigs.length === 0) {
    context.error(at, "a server needs a certificate", "add one to tls_certificates");
  }
  const mustStaple = DownstreamTlsContext_OcspStaplePolicy.MUST_STAPLE;
  for (const certificate of common.certificates) {
    const wanted = certificate.mustStaple || message.ocspStaplePolicy === mustStaple;
    if (wanted && certificate.ocspStaple === null) {
      context.error(at, `the certificate in ${certificate.source} must be stapled and has no ocsp_staple`);
    }
  }
  const keyTypes = new Set(common.certificates.map(({ keyType }) => keyType));
  if (keyTypes.size > 1 && common.certificates.some(({ ocspStaple }) => ocspStaple !== null)) {
    // The library asks for the staple before it says which of the two certificates the client gets.
    const text = "ocsp_staple is not supported yet where RSA and ECDSA certificates stand beside each other";
    context.unsupported(at, text, "leave the staples out, or give certificates of one key type");
  }
  if (message.requireClientCertificate === true && common.validation === null) {
    const text = "any certificate satisfies this: there is no validation_context";
    context.warning(place.field("require_client_certificate"), text, "give a trusted_ca");
  }
  return addTlsContext(
    DownstreamTlsContextSchema,
    message,
    {
      type: "downstream",
      ...common,
      requireClientCertificate: message.requireClientCertificate ?? false,
      requireSni: message.requireSni ?? false,
      fullScanOnSniMismatch: message.fullScanCertsOnSniMismatch ?? false,
      sessionTickets: judgesDepth(common) ? { type: "none" } : compileSessionTickets(message, place, context),
      sessionTimeoutS: Math.round(durationMs(message.sessionTimeout, DEFAULT_SESSION_TIMEOUT_S * 1000) / 1000),
      ocspStaplePolicy: STAPLE_POLICIES[message.ocspStaplePolicy] ?? "lenient",
    },
    place,
    context,
  );
}

function compileUpstream(message: UpstreamTlsContext, place: Place, context: CompileContext): TlsReference {
  const common = compileCommonTls(message.commonTlsContext, "TLSv1.2", place.field("common_tls_context"), context);
  if (common.certificates.length > 1) {
    const at = place.field("common_tls_context").field("tls_certificates");
    context.error(at, "a client shows one certificate", "keep one of them");
  }
  if (message.sni.includes("\0")) context.error(place.field("sni"), "a server name can't contain a NUL");
  return addTlsContext(
    UpstreamTlsContextSchema,
    message,
    {
      type: "upstream",
      ...common,
      sni: message.sni,
      allowRenegotiation: false,
      maxSessionKeys: judgesDepth(common) ? 0 : (message.maxSessionKeys ?? DEFAULT_MAX_SESSION_KEYS),
    },
    place,
    context,
  );
}

/**
 * Differs from Envoy: sessions are not resumed under a `max_verify_depth`, because they don't keep the peer's chain, and who was refused may have a
 * ticket.
 */
function judgesDepth({ validation }: CommonTlsData): boolean {
  return validation !== null && validation.maxVerifyDepth !== null;
}

function compileSessionTickets(
  message: DownstreamTlsContext,
  place: Place,
  context: CompileContext,
): SessionTicketsData {
  const { sessionTicketKeysType: type } = message;
  switch (type.case) {
    case "disableStatelessSessionResumption":
      return type.value ? { type: "none" } : { type: "derived" };
    case "sessionTicketKeys":
      return compileTicketKeys(type.value, place.field("session_ticket_keys"), context);
    case "sessionTicketKeysSdsSecretConfig": {
      const at = place.field("session_ticket_keys_sds_secret_config");
      const found = findSecret(type.value, at, context);
      if (found === undefined) return { type: "derived" };
      const { secret } = found;
      if (secret.type.case === "sessionTicketKeys") {
        return compileTicketKeys(secret.type.value, found.place, found.context);
      }
      context.error(at, `the secret ${JSON.stringify(type.value.name)} holds no session_ticket_keys`);
      return { type: "derived" };
    }
    default:
      return { type: "derived" };
  }
}

/** The keys in the layout of the TLS library. */
function compileTicketKeys(message: TlsSessionTicketKeys, place: Place, context: CompileContext): SessionTicketsData {
  const keys = message.keys.map((source, index) => {
    const at = place.field("keys").index(index);
    const key = compileDataSource(source, TICKET_KEY_BYTES, at, context);
    if (key.length !== TICKET_KEY_BYTES) {
      context.error(at, `a session ticket key has ${TICKET_KEY_BYTES} bytes; this one has ${key.length}`);
    }
    return key;
  });
  if (keys.length === 0 || keys.some((key) => key.length !== TICKET_KEY_BYTES)) return { type: "derived" };
  // Envoy: 16 bytes of name, 32 of HMAC key, 32 of AES key. The library: 16 of each.
  const parts = (key: Uint8Array): Buffer =>
    Buffer.concat([key.subarray(0, 16), key.subarray(16, 32), key.subarray(48, 64)]);
  return { type: "keys", keys: keys.map(parts) };
}
