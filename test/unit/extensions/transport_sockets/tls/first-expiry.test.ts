import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { firstExpiry } from "../../../../../src/extensions/transport_sockets/tls/first-expiry.ts";
import type { TlsContextData } from "../../../../../src/extensions/transport_sockets/tls/tls-context-data.ts";

/** A context with a CA that runs out then (null: there is none), and certificates with their staples. */
function context(caMs: number | null, ...certificates: readonly (readonly [number, number | null])[]): TlsContextData {
  return {
    validation: { caExpiresAtMs: caMs },
    certificates: certificates.map(([expiresAtMs, stapleMs]) => ({
      expiresAtMs,
      ocspStaple: stapleMs === null ? null : { expiresAtMs: stapleMs },
    })),
  } as unknown as TlsContextData;
}

describe("The first expiry", () => {
  it("is that of the certificate, CA or staple that runs out first", () => {
    const all = [context(null, [50, 7], [40, null]), context(60), context(null, [45, 9])];
    assert.deepEqual(firstExpiry(all), { certificateMs: 40, stapleMs: 7 });
    assert.deepEqual(firstExpiry([...all, context(30)]), { certificateMs: 30, stapleMs: 7 });
  });

  it("is none without certificates", () => {
    assert.deepEqual(firstExpiry([]), { certificateMs: null, stapleMs: null });
    assert.deepEqual(firstExpiry([context(null)]), { certificateMs: null, stapleMs: null });
  });
});
