import { type MessageSupport, notYet, only, support, supportAll, yes } from "../../config/field-support.ts";
import {
  HealthCheck_GrpcHealthCheckSchema,
  HealthCheck_HttpHealthCheckSchema,
  HealthCheck_PayloadSchema,
  HealthCheck_TcpHealthCheckSchema,
  HealthCheck_TlsOptionsSchema,
  HealthCheckSchema,
} from "../../proto/gen/envoy/config/core/v3/health_check_pb.js";
import { Endpoint_HealthCheckConfigSchema } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.js";

/** Which fields of active health checks are implemented. */
export const HEALTH_CHECK_SUPPORT: readonly MessageSupport[] = [
  supportAll(HealthCheckSchema, {
    custom_health_check: notYet("checks speak HTTP, gRPC and TCP"),
    event_service: notYet(undefined, "use event_log_path"),
  }),
  supportAll(HealthCheck_PayloadSchema),
  supportAll(HealthCheck_HttpHealthCheckSchema, { codec_client_type: only(["HTTP1", "HTTP2"]) }),
  support(HealthCheck_TcpHealthCheckSchema, { send: yes, receive: yes }),
  supportAll(HealthCheck_GrpcHealthCheckSchema),
  supportAll(HealthCheck_TlsOptionsSchema),
  supportAll(Endpoint_HealthCheckConfigSchema),
];
