import { X509Certificate } from "node:crypto";
import { EventEmitter } from "node:events";
import type { SecureContext, Server as TlsServer } from "node:tls";
import { systemClock } from "../../../base/clock.ts";
import type { DownstreamTlsData, OcspStapleData } from "./tls-context-data.ts";
import type { TlsStats } from "./tls-stats.ts";

type Answer = (error: Error | null, response: Buffer | null) => void;

/** Answers clients that ask for an OCSP staple with the one of the certificate they get. */
export class OcspResponder {
  readonly #policy: DownstreamTlsData["ocspStaplePolicy"];
  /** By certificate, as base64 of its DER. */
  readonly #staples = new Map<string, { readonly staple: OcspStapleData | null; readonly mustStaple: boolean }>();
  /** Where it counts; the same for all connections of a context, which has one listener. */
  stats: TlsStats | null = null;

  constructor(data: DownstreamTlsData) {
    this.#policy = data.ocspStaplePolicy;
    for (const { chainPem, ocspStaple, mustStaple } of data.certificates) {
      this.#staples.set(new X509Certificate(chainPem).raw.toString("base64"), { staple: ocspStaple, mustStaple });
    }
  }

  /** What a `TLSSocket` takes for its server. Node emits `OCSPRequest` on it and reads the certificate from its context. */
  serverFor(context: SecureContext): TlsServer {
    const server = new EventEmitter();
    server.on("OCSPRequest", (certificate: Buffer, _issuer: unknown, answer: Answer) =>
      this.#answer(certificate, answer),
    );
    return Object.assign(server, { _sharedCreds: context }) as unknown as TlsServer;
  }

  #answer(certificate: Buffer | null, answer: Answer): void {
    this.stats?.ocspStapleRequests.inc();
    const { staple = null, mustStaple = false } = this.#staples.get(certificate?.toString("base64") ?? "") ?? {};
    const expired = staple?.expiresAtMs != null && staple.expiresAtMs < systemClock.wallMs();
    const policy = mustStaple ? "must" : this.#policy;
    if (staple !== null && !expired) {
      this.stats?.ocspStapleResponses.inc();
      answer(null, Buffer.from(staple.der));
    } else if (policy === "must" || (policy === "strict" && staple !== null)) {
      this.stats?.ocspStapleFailed.inc();
      answer(new Error("there is no valid OCSP staple"), null);
    } else {
      this.stats?.ocspStapleOmitted.inc();
      answer(null, null);
    }
  }
}
