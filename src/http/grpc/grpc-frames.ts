/** Bytes before each message: a flag and the message's length. */
export const GRPC_FRAME_HEADER_BYTES = 5;

/** The message as it goes over the wire: uncompressed, with its header. Source: gRPC over HTTP/2, `Length-Prefixed-Message`. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(GRPC_FRAME_HEADER_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, GRPC_FRAME_HEADER_BYTES);
  return frame;
}

/** A message taken off the wire. */
export interface GrpcFrame {
  /** Bit 0: compressed. */
  readonly flags: number;
  readonly message: Buffer;
}

/** Why the bytes are no messages that are taken. */
export type GrpcFrameError = "tooLarge" | "badFlags";

/** Takes messages out of a stream of bytes. Keeps at most one message of `maxMessageBytes`; after an error it takes nothing any more. */
export class GrpcFrameReader {
  readonly #maxMessageBytes: number;
  readonly #allowsCompressed: boolean;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #error: GrpcFrameError | null = null;

  /** `allowsCompressed`: messages may be compressed; they come as they are. */
  constructor(maxMessageBytes: number, allowsCompressed = false) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#allowsCompressed = allowsCompressed;
  }

  get error(): GrpcFrameError | null {
    return this.#error;
  }

  /** Whether bytes of an unfinished message are here. */
  get isInMessage(): boolean {
    return this.#bytes > 0;
  }

  push(bytes: Buffer): void {
    if (this.#error !== null || bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
  }

  /** The next whole message, null if there is none (yet). */
  next(): GrpcFrame | null {
    if (this.#error !== null || this.#bytes < GRPC_FRAME_HEADER_BYTES) return null;
    const head = this.#joined(GRPC_FRAME_HEADER_BYTES);
    const flags = head[0]!;
    const length = head.readUInt32BE(1);
    if (flags > (this.#allowsCompressed ? 1 : 0)) return this.#fail("badFlags");
    if (length > this.#maxMessageBytes) return this.#fail("tooLarge");
    const end = GRPC_FRAME_HEADER_BYTES + length;
    if (this.#bytes < end) return null;
    const whole = this.#joined(end);
    this.#chunks = whole.length === end ? [] : [whole.subarray(end)];
    this.#bytes -= end;
    return { flags, message: whole.subarray(GRPC_FRAME_HEADER_BYTES, end) };
  }

  /** The first chunk, made to hold at least `bytes`; there are so many. */
  #joined(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first!.length >= bytes) return first!;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #fail(error: GrpcFrameError): null {
    this.#error = error;
    this.#chunks = [];
    this.#bytes = 0;
    return null;
  }
}
