import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { AccessLog } from "../../proto/gen/envoy/config/accesslog/v3/accesslog_pb.js";
import type { ClusterSchema } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { ClusterLoadAssignmentSchema } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import type { ListenerSchema } from "../../proto/gen/envoy/config/listener/v3/listener_pb.js";
import type { Secret } from "../../proto/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import type { CompileContext } from "../compile-context.ts";
import type { ExtensionConfig } from "../extension-config.ts";
import type { MessageSupport } from "../field-support.ts";
import type { LaterExtensions } from "../later-extensions.ts";
import type { Place } from "../place.ts";

/** Turns one kind of top-level item into the data of its resource. */
export interface ResourceCompiler<Schema extends DescMessage> {
  readonly support: readonly MessageSupport[];
  /** The resource's name; an empty one is an error. The message has passed the protos' own rules. */
  name(message: MessageShape<Schema>): string;
  /** Returns plain, immutable, serialisable data. `place` is that of the item (`static_resources.clusters[3]`). */
  compile(message: MessageShape<Schema>, place: Place, context: CompileContext): unknown;
}

/** Checks a secret of `static_resources.secrets`, whoever uses it. */
export interface SecretChecker {
  readonly support: readonly MessageSupport[];
  /** Reports what is wrong with it. The message has passed the protos' own rules. */
  check(message: Secret, place: Place, context: CompileContext): void;
}

/** Compiles the access logs of the admin endpoint. */
export interface AccessLogsCompiler {
  readonly support: readonly MessageSupport[];
  /** Returns plain, serialisable data: a log each. The messages have passed the protos' own rules. */
  compile(messages: readonly AccessLog[], place: Place, context: CompileContext): readonly unknown[];
  /** A log in Envoy's default format at the end of a file, as the deprecated `access_log_path` has it; `place` is that of the path. */
  compilePath(path: string, place: Place, context: CompileContext): readonly unknown[];
}

/**
 * Everything above this layer that takes part in compiling. Assembled in one place (src/extensions/table.ts); the
 * compiler thread loads it by module path, because functions do not travel between threads.
 */
export interface CompilerTable {
  readonly listener: ResourceCompiler<typeof ListenerSchema>;
  readonly cluster: ResourceCompiler<typeof ClusterSchema>;
  /** Without it, secrets are not checked before something uses them. */
  readonly secret?: SecretChecker;
  /** Without it, the admin endpoint can have none. */
  readonly accessLogs?: AccessLogsCompiler;
  /** For the files of EDS. */
  readonly loadAssignment: ResourceCompiler<typeof ClusterLoadAssignmentSchema>;
  readonly extensions: readonly ExtensionConfig[];
  /** More of them, loaded when they are named. */
  readonly later?: LaterExtensions;
  /** Tables of messages that several resources and extensions share (addresses, data sources, header values, …). */
  readonly support: readonly MessageSupport[];
}
