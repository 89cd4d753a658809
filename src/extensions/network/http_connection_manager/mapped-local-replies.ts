import {
  type AccessLogFilter,
  type AccessLogFilterEnvironment,
  createAccessLogFilter,
} from "../../../access-log/access-log-filter.ts";
import { createLogFormatter } from "../../../access-log/formatted-log.ts";
import type { FormatContext, FormatEnvironment } from "../../../http/format/format-context.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { LocalReplyRewriter, RewrittenReply } from "../../../http/local-reply.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import { wireText } from "../../../match/wire-text.ts";
import { HeaderMutations } from "../../../route/header-mutations.ts";
import type { LocalReplyData, ReplyFormatData, ResponseMapperData } from "./local-reply-config.ts";

/** What making replies takes beside the configuration. */
export interface LocalRepliesEnvironment extends AccessLogFilterEnvironment {
  readonly format: FormatEnvironment;
}

interface ReplyFormat {
  readonly contentType: string;
  format(context: FormatContext): string;
}

interface Mapper {
  readonly data: ResponseMapperData;
  readonly filter: AccessLogFilter | null;
  readonly headers: HeaderMutations;
  readonly format: ReplyFormat | null;
}

const AS_IT_IS = "text/plain";

/**
 * The proxy's own replies as `local_reply_config` says: the first mapper whose filter passes changes status, text and headers; then the text is put into
 * its format. One per connection manager and worker. Source: Envoy's `LocalReplyImpl::rewrite`.
 */
export class MappedLocalReplies implements LocalReplyRewriter {
  readonly #mappers: readonly Mapper[];
  readonly #format: ReplyFormat | null;

  constructor(data: LocalReplyData, environment: LocalRepliesEnvironment) {
    const { format } = environment;
    this.#mappers = data.mappers.map((mapper) => ({
      data: mapper,
      filter: createAccessLogFilter(mapper.filter, environment),
      headers: new HeaderMutations(mapper.headers, format),
      format: createFormat(mapper.format, format),
    }));
    this.#format = createFormat(data.format, format);
  }

  rewrite(
    headers: ResponseHeaderMap,
    body: string,
    requestHeaders: RequestHeaderMap | null,
    streamInfo: StreamInfo,
  ): RewrittenReply {
    // Filters and formats go by them.
    streamInfo.responseCode = headers.status;
    streamInfo.localReplyBody = body;
    const context: FormatContext = {
      requestHeaders,
      responseHeaders: headers,
      responseTrailers: null,
      streamInfo,
      accessLogType: "NotSet",
    };
    const mapper = this.#mappers.find(({ filter }) => filter === null || filter(context));
    if (mapper !== undefined) apply(mapper, headers, context);
    const format = mapper?.format ?? this.#format;
    const text = format === null ? wireText(streamInfo.localReplyBody) : format.format(context);
    return { body: Buffer.from(text, "latin1"), contentType: format === null ? AS_IT_IS : format.contentType };
  }
}

function apply({ data, headers: mutations }: Mapper, headers: ResponseHeaderMap, context: FormatContext): void {
  const { streamInfo } = context;
  if (data.body !== null) streamInfo.localReplyBody = data.body;
  mutations.apply(headers, context);
  if (data.status === 0) return;
  headers.status = data.status;
  streamInfo.responseCode = data.status;
}

function createFormat(data: ReplyFormatData | null, environment: FormatEnvironment): ReplyFormat | null {
  if (data === null) return null;
  const formatter = createLogFormatter(data.format, environment, (value) => value);
  return { contentType: data.contentType, format: (context) => formatter.format(context) };
}
