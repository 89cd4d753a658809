import { GRPC_FRAME_HEADER_BYTES } from "./grpc-frames.ts";

/** Follows the frames of a gRPC body as it passes, and keeps nothing of it. */
export class GrpcFrameInspector {
  /** Frames that have begun. */
  frameCount = 0;
  #headerBytes = 0;
  #length = 0;
  #left = 0;

  /** Whether the next byte begins a frame. */
  get isAtBoundary(): boolean {
    return this.#headerBytes === 0;
  }

  /** Reads on from `at` to the end of the frame, or of the bytes if they end before; answers where that is. */
  readFrame(bytes: Buffer, from: number): number {
    let at = from;
    while (this.#headerBytes < GRPC_FRAME_HEADER_BYTES) {
      if (at === bytes.length) return at;
      if (this.#headerBytes === 0) this.frameCount++;
      else this.#length = this.#length * 256 + bytes[at]!;
      at++;
      if (++this.#headerBytes === GRPC_FRAME_HEADER_BYTES) this.#left = this.#length;
    }
    const taken = Math.min(this.#left, bytes.length - at);
    this.#left -= taken;
    if (this.#left === 0) {
      this.#headerBytes = 0;
      this.#length = 0;
    }
    return at + taken;
  }

  /** Reads all of `bytes`; answers how many frames begin there. */
  count(bytes: Buffer): number {
    const before = this.frameCount;
    for (let at = 0; at < bytes.length; ) at = this.readFrame(bytes, at);
    return this.frameCount - before;
  }
}
