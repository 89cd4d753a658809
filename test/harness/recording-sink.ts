import type { ByteSink } from "../../src/http/codec.ts";

/** A sink that keeps what is written, as latin1 text. */
export class RecordingSink implements ByteSink {
  text = "";
  /** Number of calls; each is a piece handed to the socket. */
  writes = 0;

  write(bytes: Buffer): void {
    this.text += bytes.toString("latin1");
    this.writes++;
  }

  writeLatin1(text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) > 0xff) throw new Error("text for the wire holds a character above 0xff");
    }
    this.text += text;
    this.writes++;
  }

  /** What was written since the last call. */
  take(): string {
    const text = this.text;
    this.text = "";
    return text;
  }
}
