import { createHash, type X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { asciiLowerCase, createStringMatcher } from "../../../match/string-matcher.ts";
import { chainDepth } from "./chain-depth.ts";
import { type SubjectAltName, subjectAltNames } from "./subject-alt-names.ts";
import type { SanMatcherData, TlsValidationData } from "./tls-context-data.ts";
import { chainError } from "./tls-socket-handle.ts";
import type { TlsStats } from "./tls-stats.ts";

/** What became of a certificate. `reason` says why it is not accepted; `""` if it is. */
export interface PeerVerdict {
  readonly accepted: boolean;
  readonly validated: boolean;
  readonly reason: string;
}

const ACCEPTED: PeerVerdict = { accepted: true, validated: true, reason: "" };
const NOT_VALIDATED: PeerVerdict = { accepted: true, validated: false, reason: "" };

type SanMatch = (san: SubjectAltName) => boolean;

/**
 * Judges certificates of peers after the TLS library has judged their chains: alternative names, pins, and whether an untrusted one is
 * let in. Source: Envoy's `DefaultCertValidator`.
 */
export class PeerValidator {
  readonly #data: TlsValidationData;
  readonly #sanMatches: readonly SanMatch[];
  readonly #hashes: ReadonlySet<string>;
  readonly #spkis: ReadonlySet<string>;

  constructor(data: TlsValidationData) {
    this.#data = data;
    this.#sanMatches = data.sanMatchers.map(sanMatch);
    this.#hashes = new Set(data.certificateHashes);
    this.#spkis = new Set(data.spkiHashes);
  }

  /** Whether a peer without a certificate is refused, whatever else is configured. */
  get needsCertificate(): boolean {
    const checks = this.#sanMatches.length + this.#hashes.size + this.#spkis.size;
    return checks > 0 && !this.#data.acceptUntrusted;
  }

  /** Why the peer's chain is not trusted; null if it is. After the handshake. */
  chainError(socket: TLSSocket): string | null {
    const error = chainError(socket);
    const { caPem, maxVerifyDepth } = this.#data;
    if (error !== null || caPem === null || maxVerifyDepth === null) return error;
    return chainDepth(socket) > maxVerifyDepth ? "CERT_CHAIN_TOO_LONG" : null;
  }

  /**
   * `chainError`: what the method of that name says. `expectedNames` replace the configured name matchers, if there are any. Counts
   * what fails.
   */
  check(
    certificate: X509Certificate,
    chainError: string | null,
    expectedNames: readonly string[],
    stats: TlsStats,
  ): PeerVerdict {
    const { caPem, acceptUntrusted } = this.#data;
    if (caPem !== null && chainError !== null) {
      stats.failVerifyError.inc();
      return acceptUntrusted ? NOT_VALIDATED : refused(`verify cert failed: X509_verify_cert: ${chainError}`);
    }
    const verdict = this.#checkContent(certificate, expectedNames, stats);
    return acceptUntrusted && !verdict.accepted ? NOT_VALIDATED : verdict;
  }

  #checkContent(certificate: X509Certificate, expectedNames: readonly string[], stats: TlsStats): PeerVerdict {
    const matches = expectedNames.length > 0 ? expectedNames.map(expectedName) : this.#sanMatches;
    if (matches.length > 0) {
      const sans = subjectAltNames(certificate.raw) ?? [];
      if (!matches.some((match) => sans.some(match))) {
        stats.failVerifySan.inc();
        return refused(`verify cert failed: SAN matcher, certificate SANs are [${sans.map(shown).join(", ")}]`);
      }
    }
    const pinned = this.#hashes.size + this.#spkis.size > 0;
    if (pinned && !this.#isPinned(certificate)) {
      stats.failVerifyCertHash.inc();
      return refused("verify cert failed: cert hash and spki");
    }
    return this.#data.caPem !== null || pinned ? ACCEPTED : NOT_VALIDATED;
  }

  #isPinned(certificate: X509Certificate): boolean {
    if (this.#hashes.size > 0 && this.#hashes.has(createHash("sha256").update(certificate.raw).digest("hex")))
      return true;
    if (this.#spkis.size === 0) return false;
    const spki = certificate.publicKey.export({ type: "spki", format: "der" });
    return this.#spkis.has(createHash("sha256").update(spki).digest("base64"));
  }
}

function refused(reason: string): PeerVerdict {
  return { accepted: false, validated: false, reason };
}

function shown({ type, value }: SubjectAltName): string {
  return `${type}:${value}`;
}

/** A DNS name that is expected exactly may be met by a wildcard in the certificate. */
function sanMatch(data: SanMatcherData): SanMatch {
  const { type, oid } = data;
  if (type === "dns" && data.matcher.type === "exact") {
    return (san) => san.type === "dns" && dnsNameMatches(data.matcher.value, san.value);
  }
  const matcher = createStringMatcher(data.matcher);
  return (san) => san.type === type && san.oid === oid && matcher.matches(san.value);
}

function expectedName(name: string): SanMatch {
  return (san) => (san.type === "dns" ? dnsNameMatches(name, san.value) : san.value === name);
}

/** Whether a name, or a pattern whose first label is `*`, is this name. The star stands for one label (RFC 6125). */
export function dnsNameMatches(name: string, pattern: string): boolean {
  const wanted = asciiLowerCase(name);
  const given = asciiLowerCase(pattern);
  if (wanted === given) return true;
  if (!given.startsWith("*.")) return false;
  const dot = wanted.indexOf(".");
  return dot > 0 && wanted.slice(dot) === given.slice(1);
}
