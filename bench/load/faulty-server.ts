/** A small HTTP/1 server for a process of its own; `faulty-upstream.ts` starts it and tells it what to do wrong. The one argument is its port. */
import net from "node:net";

/** What it does to requests. Checks of its health at `/health` are always answered well. */
export type ServerMode = "ok" | "errors" | "resetMidBody";

const BODY = "x".repeat(64);
const OK = `HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
const ERROR = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops";
const HALF = OK.slice(0, -BODY.length / 2);

if (import.meta.main) {
  let mode: ServerMode = "ok";
  process.on("message", (message: ServerMode) => {
    mode = message;
    process.send?.(mode);
  });
  process.on("disconnect", () => process.exit());
  const server = net.createServer({ noDelay: true }, (socket) => {
    let rest = "";
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      const heads = (rest + chunk.toString("latin1")).split("\r\n\r\n");
      rest = heads.pop() ?? "";
      for (const head of heads) answer(socket, head.startsWith("GET /health ") ? "ok" : mode);
    });
  });
  server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 1024 }, () => {
    const address = server.address();
    if (address !== null && typeof address === "object") process.send?.(address.port);
  });
}

function answer(socket: net.Socket, mode: ServerMode): void {
  if (mode === "ok") socket.write(OK);
  else if (mode === "errors") socket.write(ERROR);
  else socket.write(HALF, () => socket.resetAndDestroy());
}
