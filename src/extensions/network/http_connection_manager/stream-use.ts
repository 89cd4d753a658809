import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { StreamUse } from "../../../net/connection-use.ts";

/** How a request stands that is neither in its headers nor in its `StreamInfo`. */
export interface StreamProgress {
  readonly lastActivityMs: number;
  readonly requestComplete: boolean;
  readonly bufferedBytes: number;
}

/** Describes a request in hand. */
export function streamUse(info: StreamInfo, headers: RequestHeaderMap | null, progress: StreamProgress): StreamUse {
  const { upstream } = info;
  return {
    ...progress,
    startMs: info.startMs,
    protocol: info.protocol,
    method: headers?.method ?? "",
    authority: headers?.authority ?? "",
    path: withoutQuery(headers?.path ?? ""),
    requestId: info.requestId,
    route: info.routeName,
    virtualHost: info.virtualHostName,
    cluster: upstream?.clusterName ?? "",
    host: upstream?.hostAddress ?? "",
    attempt: upstream?.attemptCount ?? 0,
    upstreamConnectionId: upstream?.connectionId ?? 0,
    responseCode: info.responseCode,
    bytesReceived: info.bytesReceived,
    bytesSent: info.bytesSent,
  };
}

/** The path of a request target; `?…` stands for a query that was there. */
function withoutQuery(path: string): string {
  const question = path.indexOf("?");
  return question === -1 ? path : `${path.slice(0, question)}?…`;
}
