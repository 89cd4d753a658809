import type { TLSSocket } from "node:tls";

/**
 * What `tls.Server` does with the sockets it makes, and what has no documented name. A server of its own can't be used here: it tells of a
 * socket only when its handshake is over. `test/unit/.../tls-socket-handle.test.ts` fails if Node changes any of this.
 */
interface TlsSocketInternals {
  readonly _handle: { verifyError(): NodeJS.ErrnoException | null | undefined } | null;
  _releaseControl(): boolean;
}

/** Why the peer's chain is not trusted (OpenSSL's word, such as `CERT_HAS_EXPIRED`); null if it is. After the handshake. */
export function chainError(socket: TLSSocket): string | null {
  const error = (socket as unknown as TlsSocketInternals)._handle?.verifyError();
  return error == null ? null : (error.code ?? error.message);
}

/** From now on errors of the TLS layer come as `error` events. Without this, those after the handshake are dropped. */
export function ownErrors(socket: TLSSocket): void {
  (socket as unknown as TlsSocketInternals)._releaseControl();
}
