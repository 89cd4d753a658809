import type { DetailedPeerCertificate, TLSSocket } from "node:tls";

/** The TLS library itself takes no longer chains. */
const LONGEST = 100;

/**
 * How many CAs stand behind the peer's certificate, the root among them; 0 if it vouches for itself. Of a resumed session the chain may be unknown:
 * it was judged when the session was new. After the handshake.
 */
export function chainDepth(socket: TLSSocket): number {
  let depth = 0;
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (depth < LONGEST) {
    const issuer: DetailedPeerCertificate | undefined = certificate?.issuerCertificate;
    if (issuer === undefined || issuer === certificate) return depth;
    depth++;
    certificate = issuer;
  }
  return depth;
}
