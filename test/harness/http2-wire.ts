import { CLIENT_PREFACE, FrameFlag, FrameType } from "../../src/http/http2/frame.ts";
import { HpackDecoder } from "../../src/http/http2/hpack/hpack-decoder.ts";

/** A frame as it was on the wire. */
export interface WireFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Fields of a header block: `[name, value, …]`, pseudo-headers among them. */
export type Fields = readonly string[];

/** The bytes of one frame. */
export function frame(type: number, flags: number, streamId: number, payload: Buffer | string = ""): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, body]);
}

/** A header block that uses no table and no Huffman code: any byte may be in it. */
export function plainBlock(fields: Fields): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    parts.push(Buffer.from([0x00]), text(fields[i]!), text(fields[i + 1]!));
  }
  return Buffer.concat(parts);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push(128 | (rest & 127));
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** The fields of an ordinary request. */
export const GET: Fields = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a"];
/** As above, with a body to come. */
export const POST: Fields = [":method", "POST", ":scheme", "http", ":path", "/", ":authority", "a"];

/** HEADERS with a plain block and END_HEADERS. */
export function headersFrame(streamId: number, fields: Fields, endStream = true): Buffer {
  const flags = FrameFlag.endHeaders | (endStream ? FrameFlag.endStream : 0);
  return frame(FrameType.headers, flags, streamId, plainBlock(fields));
}

/** DATA without padding. */
export function dataFrame(streamId: number, payload: Buffer | string, endStream = false): Buffer {
  return frame(FrameType.data, endStream ? FrameFlag.endStream : 0, streamId, payload);
}

/** Pairs of identifier and value. */
export function settingsFrame(...pairs: number[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 3);
  for (let i = 0; i < pairs.length; i += 2) {
    payload.writeUInt16BE(pairs[i]!, i * 3);
    payload.writeUInt32BE(pairs[i + 1]!, i * 3 + 2);
  }
  return frame(FrameType.settings, 0, 0, payload);
}

/** SETTINGS with ACK. */
export const SETTINGS_ACK: Buffer = frame(FrameType.settings, FrameFlag.ack, 0);

/** A frame whose payload is one number of four bytes. */
export function numberFrame(type: number, streamId: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frame(type, 0, streamId, payload);
}

/** RST_STREAM. */
export const rstFrame = (streamId: number, code: number): Buffer => numberFrame(FrameType.rstStream, streamId, code);
/** WINDOW_UPDATE. */
export const windowUpdateFrame = (streamId: number, bytes: number): Buffer =>
  numberFrame(FrameType.windowUpdate, streamId, bytes);

/** PING; `opaque` has eight characters. */
export function pingFrame(opaque = "12345678", ack = false): Buffer {
  return frame(FrameType.ping, ack ? FrameFlag.ack : 0, 0, opaque);
}

/** GOAWAY without debug data. */
export function goAwayFrame(lastStreamId: number, code: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(code, 4);
  return frame(FrameType.goAway, 0, 0, payload);
}

/** The first bytes of a client. */
export const PREFACE: Buffer = CLIENT_PREFACE;
/** How a polite client begins. */
export const CLIENT_START: Buffer = Buffer.concat([PREFACE, settingsFrame(), SETTINGS_ACK]);

/** Reads what the other side has written: frames, and of header blocks their fields. Keeps what is cut off. */
export class WireReader {
  readonly #decoder = new HpackDecoder();
  #pending = Buffer.alloc(0);

  /** The whole frames among all bytes so far that were not returned yet. */
  read(bytes: Buffer): WireFrame[] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const frames: WireFrame[] = [];
    while (this.#pending.length >= 9) {
      const end = 9 + this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < end) break;
      const [, , , type, flags] = this.#pending;
      const streamId = this.#pending.readUInt32BE(5);
      frames.push({ type: type!, flags: flags!, streamId, payload: Buffer.from(this.#pending.subarray(9, end)) });
      this.#pending = this.#pending.subarray(end);
    }
    return frames;
  }

  /** Fields of a block, as `name: value` lines. Blocks must be decoded in the order they came. */
  fields(block: Buffer): string[] {
    const lines: string[] = [];
    const sink = { onField: (name: string, value: string) => void lines.push(`${name}: ${value}`) };
    if (!this.#decoder.decode(block, 0, block.length, sink)) throw new Error("the block can't be decoded");
    return lines;
  }
}

const TYPE_NAMES = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "CONTINUATION",
];

/**
 * A frame in words, for assertions: `HEADERS 1 end [:status: 200]`, `DATA 1 end "abc"`, `RST_STREAM 1 code 8`,
 * `GOAWAY last 1 code 1`, `SETTINGS 3=100`, `SETTINGS ack`, `WINDOW_UPDATE 0 +5`, `PING ack 12345678`.
 */
export function describeFrame(reader: WireReader, { type, flags, streamId, payload }: WireFrame): string {
  const name = TYPE_NAMES[type] ?? `type ${type}`;
  const end = (flags & FrameFlag.endStream) !== 0 ? " end" : "";
  switch (type) {
    case FrameType.data:
      return `${name} ${streamId}${end} ${payload.length > 40 ? payload.length : `"${payload.toString("latin1")}"`}`;
    case FrameType.headers:
      return `${name} ${streamId}${end} [${reader.fields(payload).join(", ")}]`;
    case FrameType.rstStream:
      return `${name} ${streamId} code ${payload.readUInt32BE(0)}`;
    case FrameType.settings:
      return (flags & FrameFlag.ack) !== 0 ? `${name} ack` : `${name} ${settingPairs(payload).join(" ")}`.trim();
    case FrameType.goAway:
      return `${name} last ${payload.readUInt32BE(0)} code ${payload.readUInt32BE(4)}`;
    case FrameType.windowUpdate:
      return `${name} ${streamId} +${payload.readUInt32BE(0)}`;
    case FrameType.ping:
      return `${name}${(flags & FrameFlag.ack) !== 0 ? " ack" : ""} ${payload.toString("latin1")}`;
    default:
      return `${name} ${streamId}`;
  }
}

function settingPairs(payload: Buffer): string[] {
  const pairs: string[] = [];
  for (let at = 0; at < payload.length; at += 6)
    pairs.push(`${payload.readUInt16BE(at)}=${payload.readUInt32BE(at + 2)}`);
  return pairs;
}
