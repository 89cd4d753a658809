import type { ConnectionCloseType } from "../../net/connection-callbacks.ts";

/** Bytes to and from an upstream host: a `Connection`, or a tunnel through one; each call as there. */
export interface ByteStream {
  readonly id: number;
  readonly localAddress: string;
  readonly isOpen: boolean;
  readonly writeBufferedBytes: number;
  write(bytes: Buffer): void;
  writeLent(bytes: Buffer): boolean;
  closeWrite(): void;
  readDisable(disable: boolean): void;
  setLoanReader(reader: (data: Buffer) => boolean): void;
  close(type: ConnectionCloseType): void;
}
