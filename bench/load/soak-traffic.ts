import net from "node:net";
import { resetSocket } from "../../test/harness/reset-socket.ts";

/** A reproducible stream of numbers in [0, 1). */
export type Dice = () => number;

/** Dice that give the same numbers for the same seed (mulberry32). */
export function seededDice(seed: number): Dice {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** One connection of a client that behaves badly; resolves when it is over, however it ended. */
export type BadClient = (port: number, dice: Dice) => Promise<void>;

const DEADLINE_MS = 8000;

/** Every kind of bad client of the soak, by name. */
export const BAD_CLIENTS: ReadonlyMap<string, BadClient> = new Map([
  ["reads a large response slowly", slowReader],
  ["sends a head byte by byte", slowSender],
  ["leaves in the middle of a response", abortsResponse],
  ["leaves in the middle of an upload", abortsUpload],
  ["uploads a large body", largeUpload],
  ["sends noise", noise],
  ["sends a request that is nearly right", brokenRequest],
  ["connects and leaves", connectsOnly],
  ["asks for an upstream that resets", upstreamResets],
]);

function slowReader(port: number, dice: Dice): Promise<void> {
  return withConnection(port, (socket) => {
    socket.write("GET /large HTTP/1.1\r\nhost: soak\r\nconnection: close\r\n\r\n");
    socket.on("data", () => {
      socket.pause();
      setTimeout(() => socket.resume(), 1 + dice() * 20);
    });
  });
}

function slowSender(port: number, dice: Dice): Promise<void> {
  return withConnection(port, (socket) => {
    const head = "GET / HTTP/1.1\r\nhost: soak\r\nconnection: close\r\n\r\n";
    let at = 0;
    const timer = setInterval(
      () => {
        if (at < head.length && socket.writable) socket.write(head[at++] ?? "");
        else clearInterval(timer);
      },
      5 + dice() * 20,
    );
    socket.on("close", () => clearInterval(timer));
    socket.resume();
  });
}

function abortsResponse(port: number, dice: Dice): Promise<void> {
  return withConnection(port, (socket) => {
    const limit = dice() * 500_000;
    let received = 0;
    socket.write("GET /large HTTP/1.1\r\nhost: soak\r\n\r\n");
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > limit) leave(socket, dice);
    });
  });
}

function abortsUpload(port: number, dice: Dice): Promise<void> {
  return withConnection(port, (socket) => {
    const chunked = dice() < 0.5;
    const framing = chunked ? "transfer-encoding: chunked" : "content-length: 1000000";
    socket.write(`POST /upload HTTP/1.1\r\nhost: soak\r\n${framing}\r\n\r\n${chunked ? "ffffff\r\n" : ""}`);
    socket.write(Buffer.alloc(Math.floor(dice() * 500_000), "u"));
    setTimeout(() => leave(socket, dice), dice() * 50);
    socket.resume();
  });
}

function largeUpload(port: number, dice: Dice): Promise<void> {
  return withConnection(port, (socket) => {
    const body = Buffer.alloc(Math.floor(1 + dice() * 4_000_000), "u");
    socket.write(`POST /upload HTTP/1.1\r\nhost: soak\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`);
    socket.write(body);
    socket.resume();
  });
}

function noise(port: number, dice: Dice): Promise<void> {
  return withConnection(port, (socket) => {
    socket.write(Buffer.from(Array.from({ length: 1 + Math.floor(dice() * 3000) }, () => Math.floor(dice() * 256))));
    setTimeout(() => leave(socket, dice), dice() * 100);
    socket.resume();
  });
}

/** A right request with one byte replaced, removed or doubled. */
function brokenRequest(port: number, dice: Dice): Promise<void> {
  return withConnection(port, (socket) => {
    const right =
      "POST /upload HTTP/1.1\r\nhost: soak\r\ntransfer-encoding: chunked\r\nx-a: 1\r\n\r\n5\r\nhello\r\n0\r\nt: 1\r\n\r\n";
    const at = Math.floor(dice() * right.length);
    const kind = dice();
    const middle =
      kind < 0.4 ? String.fromCharCode(Math.floor(dice() * 256)) : kind < 0.7 ? "" : right.slice(at, at + 1).repeat(2);
    socket.end(Buffer.from(right.slice(0, at) + middle + right.slice(at + 1), "latin1"));
    socket.resume();
  });
}

function connectsOnly(port: number, dice: Dice): Promise<void> {
  return withConnection(port, (socket) => {
    setTimeout(() => leave(socket, dice), dice() * 100);
    socket.resume();
  });
}

function upstreamResets(port: number): Promise<void> {
  return withConnection(port, (socket) => {
    socket.write("GET /reset HTTP/1.1\r\nhost: soak\r\nconnection: close\r\n\r\n");
    socket.resume();
  });
}

function leave(socket: net.Socket, dice: Dice): void {
  if (socket.destroyed) return;
  if (dice() < 0.5) resetSocket(socket);
  else socket.destroy();
}

function withConnection(port: number, use: (socket: net.Socket) => void): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => use(socket));
    const late = setTimeout(() => socket.destroy(), DEADLINE_MS);
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(late);
      resolve();
    });
  });
}
