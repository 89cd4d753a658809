import { Duplex } from "node:stream";

/** A socket without a network: what is pushed is read, what is written is dropped. Enough of one for node:http. */
export class MemorySocket extends Duplex {
  override _read(): void {}

  override _write(_data: Buffer, _encoding: string, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }
}
