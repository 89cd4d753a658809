import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import type { ClusterInfo } from "../cluster-info.ts";

/** What a connection to a host can turn out to carry. */
export type AgreedProtocol = "http1" | "http2";

/** What is offered where the host chooses, the preferred one first. */
export const OFFERED_PROTOCOLS: readonly string[] = ["h2", "http/1.1"];

/** What a handshake agreed upon by ALPN (RFC 7301). A host that says nothing, or something unknown, gets HTTP/1.1, as in Envoy. */
export function agreedProtocol(tls: TlsConnectionInfo | null): AgreedProtocol {
  return tls?.alpnProtocol === "h2" ? "http2" : "http1";
}

/** Why a new connection can't carry `wanted`; `""` if it can. Only where the protocol is chosen by ALPN may it be another one. */
export function otherProtocolReason(info: ClusterInfo, tls: TlsConnectionInfo | null, wanted: AgreedProtocol): string {
  if (info.httpProtocol !== "auto" || agreedProtocol(tls) === wanted) return "";
  return `by ALPN the host now chose ${JSON.stringify(tls?.alpnProtocol ?? "")}`;
}
