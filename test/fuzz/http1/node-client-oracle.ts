import { type IncomingMessage, request } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MemorySocket } from "./memory-socket.ts";

/** What node:http's client made of some bytes. */
export interface NodeResponse {
  /** 0 if it saw no final head. */
  status: number;
  /** Names in lower case and values, in order. */
  list: string[];
  body: string;
  /** Whether the response came to its proper end. */
  ended: boolean;
  error: string;
}

/** Has node:http's client send a request and read latin1 `bytes`, and then the end of the connection, as the answer. */
export async function nodeResponse(method: string, bytes: string): Promise<NodeResponse> {
  const socket = new MemorySocket();
  const seen: NodeResponse = { status: 0, list: [], body: "", ended: false, error: "" };
  let over = false;
  const fail = (error: Error & { code?: string }): void => {
    seen.error ||= error.code ?? error.message;
    over = true;
  };
  const sent = request({
    method,
    path: "/",
    host: "up",
    createConnection: () => socket,
    maxHeaderSize: 80 * 1024,
  });
  sent.on("error", fail);
  socket.on("error", fail);
  sent.on("response", (response: IncomingMessage) => {
    seen.status = response.statusCode ?? 0;
    seen.list = response.rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
    response.on("error", fail);
    response.on("data", (data: Buffer) => {
      seen.body += data.toString("latin1");
    });
    response.on("end", () => {
      seen.ended = response.complete;
      over = true;
    });
  });
  sent.end();
  await nextTurn();
  socket.push(Buffer.from(bytes, "latin1"));
  socket.push(null);
  for (let turn = 0; turn < 12 && !over; turn++) await nextTurn();
  sent.destroy();
  socket.destroy();
  await nextTurn();
  return seen;
}
