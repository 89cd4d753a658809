import { createWriteStream, type WriteStream } from "node:fs";

/** What may wait for a slow disk; events beyond it are lost and counted. */
const WAITING_LIMIT_BYTES = 1024 * 1024;

/** A file of events, a line of JSON each. Never holds up its thread; main thread. */
export class EventLog {
  readonly path: string;
  /** Events that could not be written. */
  lostCount = 0;
  #stream: WriteStream;

  /** Opens the file for appending. */
  constructor(path: string) {
    this.path = path;
    this.#stream = this.#open();
  }

  write(event: object): void {
    if (this.#stream.destroyed || this.#stream.writableLength > WAITING_LIMIT_BYTES) {
      this.lostCount++;
      return;
    }
    this.#stream.write(`${JSON.stringify(event)}\n`);
  }

  /** Opens the file anew, after rotation. */
  reopen(): void {
    this.#stream.end();
    this.#stream = this.#open();
  }

  /** Resolves when everything is written. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.once("close", resolve);
      if (this.#stream.destroyed) resolve();
      else this.#stream.end();
    });
  }

  #open(): WriteStream {
    const stream = createWriteStream(this.path, { flags: "a" });
    stream.on("error", () => this.lostCount++);
    return stream;
  }
}
