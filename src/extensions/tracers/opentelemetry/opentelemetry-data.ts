import type { GrpcServiceData } from "../../../upstream/async/grpc-service-data.ts";
import type { HttpServiceRequestData } from "../../../upstream/async/http-service-request.ts";

import type { ResourceDetectorData } from "../../opentelemetry/resource-attributes.ts";

/** Envoy's `OpenTelemetryConfig`, checked. Plain data. */
export interface OpenTelemetryData {
  readonly exporter:
    | { readonly type: "grpc"; readonly service: GrpcServiceData }
    | { readonly type: "http"; readonly service: HttpServiceRequestData };
  /** The resource attribute `service.name`. */
  readonly serviceName: string;
  /** What else the resource has, in order. */
  readonly resourceDetectors: readonly ResourceDetectorData[];
}
