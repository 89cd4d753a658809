import {
  type MessageSupport,
  noEffect,
  notYet,
  only,
  support,
  supportAll,
  yes,
} from "../../../config/field-support.ts";
import { CidrRangeSchema } from "../../../proto/gen/envoy/config/core/v3/address_pb.js";
import { WatchedDirectorySchema } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  ConfigSourceSchema,
  PathConfigSourceSchema,
} from "../../../proto/gen/envoy/config/core/v3/config_source_pb.js";
import {
  CertificateValidationContext_SystemRootCertsSchema,
  CertificateValidationContextSchema,
  SubjectAltNameMatcherSchema,
  TlsCertificateSchema,
  TlsParametersSchema,
  TlsSessionTicketKeysSchema,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import {
  SdsSecretConfigSchema,
  SecretSchema,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import {
  CommonTlsContext_CombinedCertificateValidationContextSchema,
  CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  TlsKeyLogSchema,
  UpstreamTlsContextSchema,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";

const WATCHED = noEffect("each file is watched itself, whatever links lead to it");
const NO_PROVIDERS = notYet(undefined, "give the certificate's files");
const NO_SDS = notYet("secrets come from the configuration and from files", "use path_config_source");

/** What is implemented of secrets, wherever they stand. */
export const SECRET_SUPPORT: readonly MessageSupport[] = [
  support(SecretSchema, {
    name: yes,
    tls_certificate: yes,
    session_ticket_keys: yes,
    validation_context: yes,
    generic_secret: notYet("nothing reads it yet"),
  }),
  support(TlsCertificateSchema, {
    certificate_chain: yes,
    private_key: yes,
    password: yes,
    ocsp_staple: yes,
    watched_directory: WATCHED,
    pkcs12: notYet(undefined, "convert it: openssl pkcs12 -in x.p12 -nodes -out x.pem"),
    private_key_provider: notYet(),
    signed_certificate_timestamp: notYet(),
  }),
  support(TlsSessionTicketKeysSchema, { keys: yes }),
  support(CertificateValidationContextSchema, {
    trusted_ca: yes,
    system_root_certs: yes,
    watched_directory: WATCHED,
    verify_certificate_spki: yes,
    verify_certificate_hash: yes,
    match_typed_subject_alt_names: yes,
    match_subject_alt_names: yes,
    crl: yes,
    trust_chain_verification: yes,
    require_signed_certificate_timestamp: only([false]),
    allow_expired_certificate: notYet("the TLS library can't leave out the check of time alone"),
    only_verify_leaf_cert_crl: notYet("the TLS library checks revocation for the whole chain"),
    max_verify_depth: yes,
    custom_validator_config: notYet(),
    ca_certificate_provider_instance: NO_PROVIDERS,
  }),
  support(CertificateValidationContext_SystemRootCertsSchema, {}),
  supportAll(SubjectAltNameMatcherSchema),
  support(WatchedDirectorySchema, { path: yes }),
];

/** Which fields of TLS contexts are implemented. */
export const TLS_SUPPORT: readonly MessageSupport[] = [
  ...SECRET_SUPPORT,
  support(DownstreamTlsContextSchema, {
    common_tls_context: yes,
    require_client_certificate: yes,
    require_sni: yes,
    session_ticket_keys: yes,
    session_ticket_keys_sds_secret_config: yes,
    disable_stateless_session_resumption: yes,
    disable_stateful_session_resumption: noEffect(
      "the server keeps no sessions: all that a client can resume is in its ticket",
    ),
    session_timeout: yes,
    ocsp_staple_policy: yes,
    full_scan_certs_on_sni_mismatch: yes,
  }),
  support(CommonTlsContextSchema, {
    tls_params: yes,
    tls_certificates: yes,
    tls_certificate_sds_secret_configs: yes,
    validation_context: yes,
    validation_context_sds_secret_config: yes,
    combined_validation_context: yes,
    alpn_protocols: yes,
    key_log: yes,
    tls_certificate_provider_instance: NO_PROVIDERS,
    custom_handshaker: notYet(),
  }),
  support(CommonTlsContext_CombinedCertificateValidationContextSchema, {
    default_validation_context: yes,
    validation_context_sds_secret_config: yes,
  }),
  support(SdsSecretConfigSchema, { name: yes, sds_config: yes }),
  support(ConfigSourceSchema, {
    path: yes,
    path_config_source: yes,
    api_config_source: NO_SDS,
    ads: NO_SDS,
    self: NO_SDS,
    initial_fetch_timeout: noEffect("a file is there or the configuration is refused"),
    resource_api_version: only(["AUTO", "V3"]),
  }),
  support(PathConfigSourceSchema, { path: yes, watched_directory: WATCHED }),
  support(TlsParametersSchema, {
    tls_minimum_protocol_version: yes,
    tls_maximum_protocol_version: yes,
    cipher_suites: yes,
    ecdh_curves: yes,
    signature_algorithms: yes,
  }),
  supportAll(TlsKeyLogSchema),
  supportAll(CidrRangeSchema),
];

/** Which fields of `UpstreamTlsContext` are implemented, beside the common ones. */
export const UPSTREAM_TLS_SUPPORT: readonly MessageSupport[] = [
  ...TLS_SUPPORT,
  support(UpstreamTlsContextSchema, {
    common_tls_context: yes,
    sni: yes,
    max_session_keys: yes,
    allow_renegotiation: only([false], "renegotiation is refused"),
    enforce_rsa_key_usage: only([false], "the TLS library does not check it for TLS 1.2"),
  }),
];
