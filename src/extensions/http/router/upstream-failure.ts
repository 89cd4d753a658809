import type { StreamResetReason } from "../../../http/codec.ts";
import type { LocalReply } from "../../../http/filter.ts";
import type { ResponseHeaderMap } from "../../../http/header-map.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { PoolFailureReason } from "../../../upstream/pool/http-conn-pool.ts";

/** What a failed attempt means for the client, if its response had not begun. */
export interface UpstreamFailure {
  readonly flag: ResponseFlag;
  readonly status: number;
}

/** The reset reason that stands for a pool's failure; Envoy's words. */
export function resetReasonOf(reason: PoolFailureReason): StreamResetReason {
  switch (reason) {
    case "overflow":
      return "overflow";
    case "localConnectionFailure":
      return "local connection failure";
    case "remoteConnectionFailure":
      return "remote connection failure";
    case "timeout":
      return "connection timeout";
  }
}

/** Response flag and status by reset reason. Source: Envoy's `Router::Filter::streamResetReasonToResponseFlag`. */
export function failureOf(reason: StreamResetReason): UpstreamFailure {
  switch (reason) {
    case "local connection failure":
    case "remote connection failure":
    case "connection timeout":
      return { flag: ResponseFlag.UF, status: 503 };
    case "connection termination":
    case "http/1 premature upstream half close":
      return { flag: ResponseFlag.UC, status: 503 };
    case "local reset":
    case "local refused stream reset":
      return { flag: ResponseFlag.LR, status: 503 };
    case "overflow":
      return { flag: ResponseFlag.UO, status: 503 };
    case "remote reset":
    case "remote refused stream reset":
    case "remote error with CONNECT request":
      return { flag: ResponseFlag.UR, status: 503 };
    case "protocol error":
      return { flag: ResponseFlag.UPE, status: 502 };
  }
}

/** `upstream_reset_before_response_started{remote_connection_failure|ECONNREFUSED}`. */
export function resetDetails(started: boolean, reason: StreamResetReason, transportFailure: string): string {
  const when = started ? "after" : "before";
  const why = reason.replaceAll(" ", "_");
  const transport = transportFailure === "" ? "" : `|${transportFailure.replaceAll(/\s/g, "_")}`;
  return `upstream_reset_${when}_response_started{${why}${transport}}`;
}

/**
 * The answer to a request whose attempt ended without a response. `retried`: it was not the first one. `tellOverload` says in a header
 * that the cluster's breakers were open.
 */
export function resetReply(
  reason: StreamResetReason,
  transportFailure: string,
  retried: boolean,
  tellOverload: boolean,
): LocalReply {
  const which = retried ? "retried and the latest " : "";
  return {
    status: failureOf(reason).status,
    body: `upstream connect error or disconnect/reset before headers. ${which}reset reason: ${reason}`,
    details: resetDetails(false, reason, transportFailure),
    ...(reason === "overflow" && tellOverload && { modifyHeaders: addOverloaded }),
  };
}

function addOverloaded(headers: ResponseHeaderMap): void {
  headers.add("x-envoy-overloaded", "true");
}
