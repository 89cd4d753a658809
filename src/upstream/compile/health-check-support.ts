import { type MessageSupport, notYet, only, support, supportAll, yes } from "../../config/field-support.ts";
import {
  HealthCheck_HttpHealthCheckSchema,
  HealthCheck_PayloadSchema,
  HealthCheck_TcpHealthCheckSchema,
  HealthCheckSchema,
} from "../../proto/gen/envoy/config/core/v3/health_check_pb.js";
import { Endpoint_HealthCheckConfigSchema } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.js";

const NO_TLS = notYet("health checks are plain TCP for now");

/** Which fields of active health checks are implemented. */
export const HEALTH_CHECK_SUPPORT: readonly MessageSupport[] = [
  supportAll(HealthCheckSchema, {
    grpc_health_check: notYet("checks speak HTTP/1 and TCP"),
    custom_health_check: notYet("checks speak HTTP/1 and TCP"),
    event_logger: notYet(undefined, "use event_log_path"),
    event_service: notYet(undefined, "use event_log_path"),
    tls_options: NO_TLS,
    transport_socket_match_criteria: NO_TLS,
  }),
  supportAll(HealthCheck_PayloadSchema),
  supportAll(HealthCheck_HttpHealthCheckSchema, { codec_client_type: only(["HTTP1"]) }),
  support(HealthCheck_TcpHealthCheckSchema, { send: yes, receive: yes }),
  supportAll(Endpoint_HealthCheckConfigSchema),
];
