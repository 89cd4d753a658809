import type { JsonObject } from "@bufbuild/protobuf";
import type { RuntimeLayerData } from "../../runtime/runtime-entry.ts";
import type { StatsConfigData } from "../../stats/stats-config-data.ts";
import type { CompiledExtension } from "../compile-context.ts";
import type { UpstreamBindData } from "../upstream-bind-data.ts";
import type { OverloadData } from "./overload-data.ts";

/** Who this proxy says it is. Texts that nobody set are empty. */
export interface NodeData {
  readonly id: string;
  readonly cluster: string;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  readonly metadata: JsonObject;
}

/** Where the admin endpoint listens. */
export type AdminAddressData =
  | { readonly type: "ip"; readonly ip: string; readonly port: number }
  | { readonly type: "pipe"; readonly path: string; readonly mode: number };

/** The settings of the admin endpoint. */
export interface AdminData {
  /** Null if it does not listen at all. */
  readonly address: AdminAddressData | null;
  /** What the table's `AccessLogsCompiler` made of `access_log` and `access_log_path`. */
  readonly accessLogs: readonly unknown[];
}

/** What the bootstrap says beside its resources. Plain, immutable, serialisable. */
export interface BootstrapData {
  readonly node: NodeData;
  /** Null without an `admin` section. */
  readonly admin: AdminData | null;
  readonly stats: StatsConfigData;
  readonly statsSinks: readonly CompiledExtension[];
  /** `layered_runtime`, lowest first. */
  readonly runtime: readonly RuntimeLayerData[];
  /** `cluster_manager.outlier_detection.event_log_path`; `""` = none. */
  readonly outlierEventLogPath: string;
  /** `overload_manager`; null without one. */
  readonly overload: OverloadData | null;
  /** `cluster_manager.local_cluster_name`; `""` = none. */
  readonly localClusterName: string;
  /** `cluster_manager.upstream_bind_config`; null = none. */
  readonly upstreamBind: UpstreamBindData | null;
  /** `typed_dns_resolver_config`; null = that of the system. */
  readonly dnsResolver: CompiledExtension | null;
}
