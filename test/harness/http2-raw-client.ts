import { once } from "node:events";
import net from "node:net";
import { describeFrame, WireReader } from "./http2-wire.ts";
import { until } from "./until.ts";

/** A client that writes HTTP/2 frames as they are given and keeps those that come, in words (`describeFrame`). */
export class Http2RawClient {
  readonly socket: net.Socket;
  readonly frames: string[] = [];
  /** The other side has ended the connection, one way or another. */
  closed = false;
  readonly #reader = new WireReader();

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("end", () => {
      this.closed = true;
    });
    socket.on("data", (bytes: Buffer) => {
      for (const frame of this.#reader.read(bytes)) this.frames.push(describeFrame(this.#reader, frame));
    });
  }

  static async connect(port: number): Promise<Http2RawClient> {
    const socket = net.connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Http2RawClient(socket);
  }

  write(...parts: Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** Resolves when a frame has come that begins so. */
  async frame(start: string): Promise<string> {
    await until(`the frame ${start} among ${this.frames.join("; ")}`, () =>
      this.frames.some((f) => f.startsWith(start)),
    );
    return this.frames.find((frame) => frame.startsWith(start))!;
  }

  async end(): Promise<void> {
    await until("the end of the connection", () => this.closed);
  }
}
