import type { GrpcServiceData } from "../../../upstream/async/grpc-service-data.ts";

/** Envoy's OpenTelemetry `SinkConfig`, checked. Plain data. */
export interface OpenTelemetrySinkData {
  readonly service: GrpcServiceData;
  /** Report what a counter grew by since the last time, in place of what it stands at. */
  readonly counterDeltas: boolean;
  /** Report the values of a histogram since the last time, in place of all of them. */
  readonly histogramDeltas: boolean;
  /** Tags are attributes. */
  readonly tagsAsAttributes: boolean;
  /** Metrics are named without their tags. */
  readonly tagExtractedName: boolean;
  /** Stands before each name with a dot; `""` = none. */
  readonly prefix: string;
}
