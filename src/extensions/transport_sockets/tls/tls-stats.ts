import type { TLSSocket } from "node:tls";
import type { Counter, StatsScope } from "../../../stats/scope.ts";

/**
 * `listener.<address>.ssl.*` and `cluster.<name>.ssl.*`. Differs from Envoy: `ssl.sigalgs.*` is not counted and `ssl.curves.*` for connections to
 * hosts only, because Node.js tells neither the algorithm of the peer's signature nor, to a server, the group.
 */
export class TlsStats {
  readonly connectionError: Counter;
  readonly failVerifyNoCert: Counter;
  readonly failVerifyError: Counter;
  readonly failVerifySan: Counter;
  readonly failVerifyCertHash: Counter;
  readonly ocspStapleFailed: Counter;
  readonly ocspStapleOmitted: Counter;
  readonly ocspStapleResponses: Counter;
  readonly ocspStapleRequests: Counter;
  readonly #scope: StatsScope;
  readonly #handshake: Counter;
  readonly #sessionReused: Counter;
  readonly #noCertificate: Counter;
  /** As many as the library has ciphers, versions and groups. */
  readonly #byName = new Map<string, Counter>();

  /** Counts below `<scope>.ssl`. */
  constructor(above: StatsScope) {
    const scope = above.scope("ssl");
    this.#scope = scope;
    this.connectionError = scope.counter("connection_error");
    this.#handshake = scope.counter("handshake");
    this.#sessionReused = scope.counter("session_reused");
    this.#noCertificate = scope.counter("no_certificate");
    this.failVerifyNoCert = scope.counter("fail_verify_no_cert");
    this.failVerifyError = scope.counter("fail_verify_error");
    this.failVerifySan = scope.counter("fail_verify_san");
    this.failVerifyCertHash = scope.counter("fail_verify_cert_hash");
    this.ocspStapleFailed = scope.counter("ocsp_staple_failed");
    this.ocspStapleOmitted = scope.counter("ocsp_staple_omitted");
    this.ocspStapleResponses = scope.counter("ocsp_staple_responses");
    this.ocspStapleRequests = scope.counter("ocsp_staple_requests");
  }

  /** Counts a handshake that has come to a good end. */
  succeeded(version: string, cipher: string, reused: boolean, peerCertificate: boolean): void {
    this.#handshake.inc();
    if (reused) this.#sessionReused.inc();
    if (!peerCertificate) this.#noCertificate.inc();
    this.#named("ciphers", cipher).inc();
    this.#named("versions", version).inc();
  }

  /** Counts the group of a key exchange; Node knows it of clients only. */
  exchangedKeys(socket: TLSSocket): void {
    const info = socket.getEphemeralKeyInfo() as { readonly name?: string; readonly type?: string } | null;
    if (info?.type === "ECDH" && info.name !== undefined) this.#named("curves", curveName(info.name)).inc();
  }

  /** Counts an error of a TLS socket: an alert, bad bytes. What the system or the peer's leaving did is no TLS error. */
  failed(code: string): void {
    if (code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") this.failVerifyNoCert.inc();
    else if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) this.connectionError.inc();
  }

  release(): void {
    this.#scope.release();
  }

  #named(kind: string, name: string): Counter {
    const key = `${kind}.${name}`;
    let counter = this.#byName.get(key);
    if (counter === undefined) {
      counter = this.#scope.counter(key);
      this.#byName.set(key, counter);
    }
    return counter;
  }
}

function curveName(name: string): string {
  return name === "prime256v1" ? "P-256" : name === "secp384r1" ? "P-384" : name === "secp521r1" ? "P-521" : name;
}
