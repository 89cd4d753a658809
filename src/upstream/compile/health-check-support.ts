import {
  type MessageSupport,
  noEffect,
  notYet,
  only,
  support,
  supportAll,
  within,
  yes,
} from "../../config/field-support.ts";
import {
  HealthCheck_GrpcHealthCheckSchema,
  HealthCheck_HttpHealthCheckSchema,
  HealthCheck_PayloadSchema,
  HealthCheck_TcpHealthCheckSchema,
  HealthCheck_TlsOptionsSchema,
  HealthCheckSchema,
} from "../../proto/gen/envoy/config/core/v3/health_check_pb.js";
import { ProxyProtocolConfigSchema } from "../../proto/gen/envoy/config/core/v3/proxy_protocol_pb.js";
import { Endpoint_HealthCheckConfigSchema } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.js";

const PROXY_PROTOCOL = support(ProxyProtocolConfigSchema, {
  version: yes,
  pass_through_tlvs: noEffect("checks are made for no client"),
});

/** Which fields of active health checks are implemented. */
export const HEALTH_CHECK_SUPPORT: readonly MessageSupport[] = [
  supportAll(HealthCheckSchema, {
    custom_health_check: notYet("checks speak HTTP, gRPC and TCP"),
    event_service: notYet(undefined, "use event_log_path"),
  }),
  supportAll(HealthCheck_PayloadSchema),
  supportAll(HealthCheck_HttpHealthCheckSchema, { codec_client_type: only(["HTTP1", "HTTP2"]) }),
  supportAll(HealthCheck_TcpHealthCheckSchema, { proxy_protocol_config: within(PROXY_PROTOCOL) }),
  supportAll(HealthCheck_GrpcHealthCheckSchema),
  supportAll(HealthCheck_TlsOptionsSchema),
  supportAll(Endpoint_HealthCheckConfigSchema),
];
