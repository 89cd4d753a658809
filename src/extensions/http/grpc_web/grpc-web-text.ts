import { GrpcFrameInspector } from "../../../http/grpc/grpc-frame-inspector.ts";

const PADDING = 0x3d;

/** Why bytes are no base64. */
export type Base64Problem = "size" | "data";

/** Decodes base64 that comes in pieces. Groups may be padded anywhere: each message may be encoded on its own. */
export class Base64Decoder {
  /** At most three characters that make no group yet. */
  #rest: Buffer = Buffer.alloc(0);

  /** The bytes so far, or what is wrong. */
  decode(text: Buffer, isLast: boolean): Buffer | Base64Problem {
    const joined = this.#rest.length === 0 ? text : Buffer.concat([this.#rest, text]);
    const usable = joined.length - (joined.length % 4);
    if (isLast && usable !== joined.length) return "size";
    this.#rest = Buffer.from(joined.subarray(usable));
    const parts: Buffer[] = [];
    for (let start = 0; start < usable; ) {
      const padding = joined.indexOf(PADDING, start);
      const end = padding === -1 || padding >= usable ? usable : padding - (padding % 4) + 4;
      const part = decodeGroups(joined.subarray(start, end));
      if (part === null) return "data";
      parts.push(part);
      start = end;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
}

/** Whole groups with padding at most in the last one; null if that is not what they are. */
function decodeGroups(text: Buffer): Buffer | null {
  let padding = 0;
  while (padding < 2 && text[text.length - 1 - padding] === PADDING) padding++;
  const bytes = Buffer.from(text.toString("latin1"), "base64");
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : null;
}

/** Encodes gRPC frames as base64, each of them padded on its own, as they pass. */
export class FrameBase64Encoder {
  readonly #inspector = new GrpcFrameInspector();
  /** At most two bytes that make no group yet. */
  #rest: Buffer = Buffer.alloc(0);

  encode(bytes: Buffer): Buffer {
    let text = "";
    for (let at = 0; at < bytes.length; ) {
      const end = this.#inspector.readFrame(bytes, at);
      const part = bytes.subarray(at, end);
      const joined = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
      const usable = this.#inspector.isAtBoundary ? joined.length : joined.length - (joined.length % 3);
      text += joined.toString("base64", 0, usable);
      this.#rest = Buffer.from(joined.subarray(usable));
      at = end;
    }
    return Buffer.from(text, "latin1");
  }
}
