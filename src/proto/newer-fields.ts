/** Fields of an Envoy message that are newer than the .proto files of the package. Numbers and types are Envoy's. */
export interface NewerFields {
  /** Below the root of the .proto files. */
  readonly file: string;
  /** The line with which the message begins. */
  readonly message: string;
  readonly imports: readonly string[];
  readonly fields: readonly string[];
}

const CORE = "envoy/config/core/v3/base.proto";
const ROUTES = "envoy/config/route/v3/route_components.proto";
const WRAPPERS = "google/protobuf/wrappers.proto";
const RATE_LIMITS = "repeated envoy.config.route.v3.RateLimit rate_limits = 17;";

const BACK_OFF = "envoy/config/core/v3/backoff.proto";
const PERCENT = "envoy/type/v3/percent.proto";

/** What Troupe supports of them. */
export const NEWER_FIELDS: readonly NewerFields[] = [
  {
    file: "envoy/extensions/filters/http/compressor/v3/compressor.proto",
    message: "  message ResponseDirectionConfig {",
    imports: [],
    fields: [
      "repeated uint32 uncompressible_response_codes = 4 [(validate.rules).repeated = {unique: true items {uint32 {lt: 600 gte: 200}}}];",
    ],
  },
  {
    file: "envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto",
    message: "message LocalRateLimit {",
    imports: [ROUTES, WRAPPERS],
    fields: [RATE_LIMITS, "google.protobuf.UInt32Value max_dynamic_descriptors = 18;"],
  },
  {
    file: "envoy/extensions/filters/http/ratelimit/v3/rate_limit.proto",
    message: "message RateLimit {",
    imports: [CORE, ROUTES],
    fields: [
      "envoy.config.core.v3.RuntimeFractionalPercent filter_enabled = 14;",
      "envoy.config.core.v3.RuntimeFractionalPercent filter_enforced = 15;",
      "envoy.config.core.v3.RuntimeFractionalPercent failure_mode_deny_percent = 16;",
      RATE_LIMITS,
    ],
  },
  {
    file: "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto",
    message: "message TcpProxy {",
    imports: [BACK_OFF, PERCENT],
    fields: [
      "envoy.config.core.v3.BackoffStrategy backoff_options = 18;",
      "envoy.type.v3.Percent max_downstream_connection_duration_jitter_percentage = 20;",
    ],
  },
];

/** Rules that newer Envoys have no more. */
export const DROPPED_RULES: readonly { readonly file: string; readonly field: string; readonly rule: string }[] = [
  {
    file: "envoy/extensions/common/ratelimit/v3/ratelimit.proto",
    field: "string value = 2",
    rule: " [(validate.rules).string = {min_len: 1}]",
  },
];

/** `source`, a .proto file, with `fields` in its message. A field that is there already stays as it is. Throws if there is no such message. */
export function addNewerFields(source: string, { message, imports, fields }: NewerFields): string {
  const text = source.replaceAll("\r\n", "\n");
  const missing = fields.filter((field) => !text.includes(` ${/\w+ = \d+/.exec(field)![0]}`));
  if (missing.length === 0) return source;
  const at = `\n${text}`.indexOf(`\n${message}\n`);
  if (at === -1) throw new Error(`there is no "${message.trim()}" to add fields to`);
  const start = at + message.length + 1;
  const lines = imports.filter((path) => !text.includes(`import "${path}"`)).map((path) => `import "${path}";\n`);
  const body = `${text.slice(0, start)}${missing.map((field) => `  ${field}\n`).join("")}${text.slice(start)}`;
  return body.replace(/^import /m, `${lines.join("")}import `);
}
