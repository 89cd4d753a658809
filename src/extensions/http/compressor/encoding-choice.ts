import type { StreamInfo } from "../../../http/stream-info.ts";

/** A compressor of a stream's filter chain, as far as the choice between them goes. */
export interface EncodingCandidate {
  /** The word in `accept-encoding`. */
  readonly encoding: string;
  readonly contentTypes: ReadonlySet<string>;
  readonly chooseFirst: boolean;
}

/** What the compressors of a stream have agreed on. */
export interface EncodingChoice {
  /** `identity`: none of them. */
  readonly encoding: string;
  readonly reason: "notValid" | "identity" | "wildcard" | "compressor";
}

const NOT_VALID: EncodingChoice = { encoding: "identity", reason: "notValid" };

/** The compressors of one stream, in the order of the chain, and their choice. */
export class StreamEncodings {
  static readonly #ofStreams = new WeakMap<StreamInfo, StreamEncodings>();
  readonly #candidates: EncodingCandidate[] = [];
  #choice: EncodingChoice | null = null;

  /** Adds a compressor to its stream; all of the stream share what it answers. */
  static register(streamInfo: StreamInfo, candidate: EncodingCandidate): StreamEncodings {
    let encodings = StreamEncodings.#ofStreams.get(streamInfo);
    if (encodings === undefined) {
      encodings = new StreamEncodings();
      StreamEncodings.#ofStreams.set(streamInfo, encodings);
    }
    encodings.#candidates.push(candidate);
    return encodings;
  }

  /** Chosen once per stream, by whoever asks first. */
  choose(acceptEncoding: string, contentType: string): EncodingChoice {
    this.#choice ??= chooseEncoding(acceptEncoding, contentType, this.#candidates);
    return this.#choice;
  }
}

/** Envoy's choice. `contentType` is bare; `""` if the response does not say. Source: RFC 9110, section 12.5.3. */
export function chooseEncoding(
  acceptEncoding: string,
  contentType: string,
  candidates: readonly EncodingCandidate[],
): EncodingChoice {
  /** By encoding, in the order of the chain; the first of each counts. */
  const allowed = new Map<string, EncodingCandidate>();
  for (const candidate of candidates) {
    if (contentType !== "" && !candidate.contentTypes.has(contentType)) continue;
    if (!allowed.has(candidate.encoding)) allowed.set(candidate.encoding, candidate);
  }
  const wishes = parseAcceptEncoding(acceptEncoding);
  for (const { encoding, weight } of wishes) if (weight === 0) allowed.delete(encoding);
  if (wishes.length === 0 || allowed.size === 0) return NOT_VALID;
  let best = "identity";
  let bestWeight = 0;
  for (const { encoding, weight } of wishes) {
    const candidate = allowed.get(encoding);
    if (candidate === undefined && encoding !== "identity" && encoding !== "*") continue;
    if (weight > bestWeight || (weight === bestWeight && candidate?.chooseFirst === true)) {
      best = encoding;
      bestWeight = weight;
    }
  }
  if (bestWeight === 0) return NOT_VALID;
  if (best === "identity") return { encoding: best, reason: "identity" };
  if (best === "*") return { encoding: [...allowed.keys()][0]!, reason: "wildcard" };
  return { encoding: best, reason: "compressor" };
}

const WEIGHT = /^[01](?:\.\d{0,3})?$/;

function parseAcceptEncoding(header: string): { readonly encoding: string; readonly weight: number }[] {
  const wishes: { encoding: string; weight: number }[] = [];
  for (const token of header.split(",")) {
    const [name = "", ...parameters] = token.split(";");
    const encoding = name.trim().toLowerCase();
    if (encoding === "") continue;
    const q = parameters.map((parameter) => parameter.trim()).find((parameter) => /^q\s*=/i.test(parameter));
    const text = q === undefined ? "1" : q.slice(q.indexOf("=") + 1).trim();
    if (WEIGHT.test(text)) wishes.push({ encoding, weight: Number(text) });
  }
  return wishes;
}
