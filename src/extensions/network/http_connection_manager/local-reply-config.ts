import type { AccessLogFilterData } from "../../../access-log/access-log-data.ts";
import { compileAccessLogFilter } from "../../../access-log/config.ts";
import type { CompileContext } from "../../../config/compile-context.ts";
import { compileDataSource } from "../../../config/data-source.ts";
import { type MessageSupport, supportAll, yes } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { compileFormatString, formatStringSupport, type LogFormatData } from "../../../http/format/config.ts";
import type { SubstitutionFormatString } from "../../../proto/gen/envoy/config/core/v3/substitution_format_string_pb.js";
import {
  type LocalReplyConfig,
  LocalReplyConfigSchema,
  type ResponseMapper,
  ResponseMapperSchema,
} from "../../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { compileHeaderAddition } from "../../../route/compile/header-mutations.ts";
import type { HeaderMutationsData } from "../../../route/header-mutations.ts";

/** Largest body that a mapper may have. */
const LARGEST_BODY_BYTES = 1 << 20;

/** How the body of a reply is written. Plain data. */
export interface ReplyFormatData {
  readonly format: LogFormatData;
  readonly contentType: string;
}

/** What is done with the replies that pass a filter. Plain data. */
export interface ResponseMapperData {
  /** Null passes all. */
  readonly filter: AccessLogFilterData | null;
  /** 0 = as it is. */
  readonly status: number;
  /** Null = as it is. */
  readonly body: string | null;
  readonly headers: HeaderMutationsData;
  /** Null = that of all replies. */
  readonly format: ReplyFormatData | null;
}

/** `local_reply_config`. Plain data. */
export interface LocalReplyData {
  /** The first one whose filter passes is used. */
  readonly mappers: readonly ResponseMapperData[];
  /** Null = the text as it is. */
  readonly format: ReplyFormatData | null;
}

/** `local_reply_config`, checked; null without one. */
export function compileLocalReplies(
  message: LocalReplyConfig | undefined,
  place: Place,
  context: CompileContext,
): LocalReplyData | null {
  if (message === undefined) return null;
  return {
    mappers: message.mappers.map((mapper, i) => compileMapper(mapper, place.field("mappers").index(i), context)),
    format: compileFormat(message.bodyFormat, place.field("body_format"), context),
  };
}

function compileMapper(message: ResponseMapper, place: Place, context: CompileContext): ResponseMapperData {
  const { filter, statusCode, body, headersToAdd, bodyFormatOverride } = message;
  const add = headersToAdd.map((option, i) =>
    compileHeaderAddition(option, place.field("headers_to_add").index(i), context),
  );
  return {
    filter: filter === undefined ? null : compileAccessLogFilter(filter, place.field("filter"), context),
    status: statusCode ?? 0,
    body:
      body === undefined
        ? null
        : Buffer.from(compileDataSource(body, LARGEST_BODY_BYTES, place.field("body"), context)).toString("utf8"),
    headers: { remove: [], add },
    format: compileFormat(bodyFormatOverride, place.field("body_format_override"), context),
  };
}

function compileFormat(
  message: SubstitutionFormatString | undefined,
  place: Place,
  context: CompileContext,
): ReplyFormatData | null {
  if (message === undefined) return null;
  const format = compileFormatString(message, place, context);
  const usual = format.type === "json" ? "application/json" : "text/plain";
  return { format, contentType: message.contentType === "" ? usual : message.contentType };
}

/** Which fields of `local_reply_config` are implemented. */
export const localReplySupport: readonly MessageSupport[] = [
  supportAll(LocalReplyConfigSchema),
  supportAll(ResponseMapperSchema),
  formatStringSupport(yes),
];
