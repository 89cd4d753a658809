import { wireText } from "../../../match/wire-text.ts";
import { grpcStatusOfHttp } from "../../grpc/grpc-status.ts";
import { RESPONSE_FLAG_LONG_NAMES, ResponseFlag } from "../../stream-info.ts";
import { type FormatContext, type FormatOperator, plainOperator } from "../format-context.ts";

const SHORT_NAMES: readonly string[] = Object.keys(ResponseFlag);
/** Texts kept per operator; a stream has few combinations of flags, but nothing may grow without bound. */
const FLAG_TEXTS_LIMIT = 256;

/** Codes of gRPC, as camel case and as snake case. */
const GRPC_STATUS_NAMES: readonly (readonly [string, string])[] = [
  ["OK", "OK"],
  ["Canceled", "CANCELLED"],
  ["Unknown", "UNKNOWN"],
  ["InvalidArgument", "INVALID_ARGUMENT"],
  ["DeadlineExceeded", "DEADLINE_EXCEEDED"],
  ["NotFound", "NOT_FOUND"],
  ["AlreadyExists", "ALREADY_EXISTS"],
  ["PermissionDenied", "PERMISSION_DENIED"],
  ["ResourceExhausted", "RESOURCE_EXHAUSTED"],
  ["FailedPrecondition", "FAILED_PRECONDITION"],
  ["Aborted", "ABORTED"],
  ["OutOfRange", "OUT_OF_RANGE"],
  ["Unimplemented", "UNIMPLEMENTED"],
  ["Internal", "INTERNAL"],
  ["Unavailable", "UNAVAILABLE"],
  ["DataLoss", "DATA_LOSS"],
  ["Unauthenticated", "UNAUTHENTICATED"],
];

/** Names of the bits set, lowest first, joined by commas; `-` if none is set, in JSON too. Remembers what it wrote. */
function flagsOperator(names: readonly string[]): FormatOperator {
  const known = new Map<number, string>();
  return plainOperator(({ streamInfo }) => {
    const flags = streamInfo.responseFlags;
    if (flags === 0) return "-";
    let text = known.get(flags);
    if (text === undefined) {
      text = names.filter((_, bit) => (flags & (1 << bit)) !== 0).join(",");
      if (known.size < FLAG_TEXTS_LIMIT) known.set(flags, text);
    }
    return text;
  });
}

/** `RESPONSE_CODE_DETAILS`: white space becomes `_`, unless `ALLOW_WHITESPACES` is asked for. */
const detailsOperator: FormatOperator = {
  argument: "optional",
  truncates: false,
  problem: (argument) =>
    argument === "" || argument === "ALLOW_WHITESPACES" ? null : "the only argument known is ALLOW_WHITESPACES",
  create(argument) {
    if (argument !== "") return ({ streamInfo }) => orMissing(streamInfo.responseCodeDetails);
    return ({ streamInfo }) => orMissing(streamInfo.responseCodeDetails.replaceAll(/\s/g, "_"));
  },
};

function orMissing(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/**
 * The status of a gRPC response: from its trailers, else its headers, else what its HTTP status stands for. Undefined if the request is not
 * gRPC, or nothing was answered.
 */
function grpcStatus({
  requestHeaders,
  responseHeaders,
  responseTrailers,
  streamInfo,
}: FormatContext): number | undefined {
  if (!requestHeaders?.get("content-type")?.startsWith("application/grpc")) return undefined;
  const text = responseTrailers?.get("grpc-status") ?? responseHeaders?.get("grpc-status");
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
  return streamInfo.responseCode === 0 ? undefined : grpcStatusOfHttp(streamInfo.responseCode);
}

const grpcStatusOperator: FormatOperator = {
  argument: "optional",
  truncates: false,
  problem: (argument) =>
    ["", "CAMEL_STRING", "SNAKE_STRING", "NUMBER"].includes(argument)
      ? null
      : "expected CAMEL_STRING, SNAKE_STRING or NUMBER",
  create(argument) {
    if (argument === "NUMBER") return grpcStatus;
    const form = argument === "SNAKE_STRING" ? 1 : 0;
    return (context) => {
      const status = grpcStatus(context);
      return status === undefined ? undefined : (GRPC_STATUS_NAMES[status]?.[form] ?? String(status));
    };
  },
};

/** Operators about how the stream went: status, flags, sizes. */
export const responseOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ["PROTOCOL", plainOperator(({ streamInfo }) => orMissing(streamInfo.protocol))],
  ["RESPONSE_CODE", plainOperator(({ streamInfo }) => streamInfo.responseCode)],
  ["RESPONSE_CODE_DETAILS", detailsOperator],
  [
    "CONNECTION_TERMINATION_DETAILS",
    plainOperator(({ streamInfo }) => orMissing(streamInfo.connectionTerminationDetails)),
  ],
  ["RESPONSE_FLAGS", flagsOperator(SHORT_NAMES)],
  ["RESPONSE_FLAGS_LONG", flagsOperator(RESPONSE_FLAG_LONG_NAMES)],
  ["GRPC_STATUS", grpcStatusOperator],
  ["GRPC_STATUS_NUMBER", plainOperator(grpcStatus)],
  ["LOCAL_REPLY_BODY", plainOperator(({ streamInfo }) => wireText(streamInfo.localReplyBody))],
  ["BYTES_RECEIVED", plainOperator(({ streamInfo }) => streamInfo.bytesReceived)],
  ["BYTES_SENT", plainOperator(({ streamInfo }) => streamInfo.bytesSent)],
  ["REQUEST_HEADERS_BYTES", plainOperator(({ streamInfo }) => streamInfo.requestHeadersBytes)],
  ["RESPONSE_HEADERS_BYTES", plainOperator(({ streamInfo }) => streamInfo.responseHeadersBytes)],
  ["RESPONSE_TRAILERS_BYTES", plainOperator(({ responseTrailers }) => responseTrailers?.byteSize() ?? 0)],
]);
