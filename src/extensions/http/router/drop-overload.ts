import type { RandomSource } from "../../../base/random.ts";
import type { LocalReply } from "../../../http/filter.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { DropOverloadData } from "../../../upstream/cluster-data.ts";

/** The answer to a request that is not sent on, and its response flag. */
export interface DroppedRequest {
  readonly flag: ResponseFlag;
  readonly reply: LocalReply;
}

/**
 * Whether a cluster whose endpoints are overloaded drops this request: null if it does not. Source: `Policy.drop_overloads` and Envoy's
 * `Router::Filter::checkDropOverload`.
 */
export function dropOverload(
  data: DropOverloadData,
  random: RandomSource,
  suppressesHeaders: boolean,
): DroppedRequest | null {
  const { numerator, denominator } = data;
  if (numerator >= denominator) {
    const header = suppressesHeaders ? "" : "x-envoy-unconditional-drop-overload";
    return {
      flag: ResponseFlag.UDO,
      reply: replyOf("unconditional drop overload", "unconditional_drop_overload", header),
    };
  }
  if (random.uint32() % denominator >= numerator) return null;
  const header = suppressesHeaders ? "" : "x-envoy-drop-overload";
  return { flag: ResponseFlag.DO, reply: replyOf("drop overload", "drop_overload", header) };
}

function replyOf(body: string, details: string, header: string): LocalReply {
  return {
    status: 503,
    body,
    details,
    ...(header !== "" && { modifyHeaders: (headers) => headers.set(header, "true") }),
  };
}
