import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";

/**
 * The names by which `authenticated` principals know a peer: URI SANs, DNS SANs and subject of its certificate; an empty subject
 * if it showed none, and null without TLS. Source: Envoy's `AuthenticatedMatcher`.
 */
export function peerNamesOf(tls: TlsConnectionInfo | null): readonly string[] | null {
  if (tls === null) return null;
  const { peer } = tls;
  return peer === null ? [""] : [...peer.uriSans, ...peer.dnsSans, peer.subject];
}
