import { type BoundSocket, createServer, type Server, type Socket } from "node:net";

/**
 * Accepts on the main thread for a listener with exact balance. Accepted sockets are paused and unread, as they must be
 * to move to a worker's thread.
 */
export class ExactAcceptor {
  readonly #server: Server;

  /** Takes over `socket`. `onConnection` owns what it gets. */
  constructor(
    socket: BoundSocket,
    backlog: number,
    onConnection: (socket: Socket) => void,
    onError: (error: Error) => void,
  ) {
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, onConnection);
    this.#server.on("error", onError);
    this.#server.listen(socket, backlog);
  }

  /** Stops accepting. Connections that were handed out are not touched. */
  close(): void {
    this.#server.close();
  }
}
