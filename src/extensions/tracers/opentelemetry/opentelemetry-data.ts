import type { GrpcServiceData } from "../../../upstream/grpc-service-data.ts";
import type { HttpServiceRequestData } from "../../../upstream/http-service-request.ts";

/** Envoy's `OpenTelemetryConfig`, checked. Plain data. */
export interface OpenTelemetryData {
  readonly exporter:
    | { readonly type: "grpc"; readonly service: GrpcServiceData }
    | { readonly type: "http"; readonly service: HttpServiceRequestData };
  /** The resource attribute `service.name`. */
  readonly serviceName: string;
}
