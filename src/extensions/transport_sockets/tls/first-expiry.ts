import type { TlsContextData } from "./tls-context-data.ts";

/** When the first of all certificates and OCSP staples runs out, in milliseconds since the epoch; null: there are none. */
export interface FirstExpiry {
  readonly certificateMs: number | null;
  readonly stapleMs: number | null;
}

/** Looks at the leaves that contexts show and at the first CA of each, as `/certs` does. The system's CAs don't count. */
export function firstExpiry(contexts: readonly TlsContextData[]): FirstExpiry {
  let certificateMs: number | null = null;
  let stapleMs: number | null = null;
  for (const { certificates, validation } of contexts) {
    certificateMs = earlier(certificateMs, validation?.caExpiresAtMs ?? null);
    for (const { expiresAtMs, ocspStaple } of certificates) {
      certificateMs = earlier(certificateMs, expiresAtMs);
      stapleMs = earlier(stapleMs, ocspStaple?.expiresAtMs ?? null);
    }
  }
  return { certificateMs, stapleMs };
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
