import type { StreamInfo } from "../http/stream-info.ts";
import { MetadataMatcher, type MetadataMatcherData } from "../match/metadata-matcher.ts";

/** Envoy's `TlsContextMatchOptions`; undefined = either way. */
export interface TlsMatchData {
  /** Whether the client has shown a certificate. */
  readonly presented: boolean | undefined;
  /** Whether that was verified and found good. */
  readonly validated: boolean | undefined;
}

/** Conditions of a route on what is not in the request's head. Plain data. */
export interface StreamConditionsData {
  /** Null = none. */
  readonly tls: TlsMatchData | null;
  /** All must match. */
  readonly dynamicMetadata: readonly MetadataMatcherData[];
}

/** Conditions on the client's certificate and on what filters have noted of the stream. Immutable. */
export class StreamConditions {
  readonly #tls: TlsMatchData | null;
  readonly #metadata: readonly MetadataMatcher[];

  private constructor(data: StreamConditionsData) {
    this.#tls = data.tls;
    this.#metadata = data.dynamicMetadata.map((matcher) => new MetadataMatcher(matcher));
  }

  /** Null if there are none. */
  static of(data: StreamConditionsData): StreamConditions | null {
    return data.tls === null && data.dynamicMetadata.length === 0 ? null : new StreamConditions(data);
  }

  /** Null: nothing is known of the stream, as if it had no TLS and no metadata. */
  matches(info: StreamInfo | null): boolean {
    if (this.#tls !== null && !matchesTls(this.#tls, info)) return false;
    return this.#metadata.every((matcher) => matcher.matches(info?.dynamicMetadata ?? null));
  }
}

function matchesTls({ presented, validated }: TlsMatchData, info: StreamInfo | null): boolean {
  const tls = info?.connection.tls ?? null;
  if (presented !== undefined && presented !== (tls !== null && tls.peer !== null)) return false;
  return validated === undefined || validated === (tls?.peerValidated ?? false);
}
