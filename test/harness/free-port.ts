import net from "node:net";

/** Below the ports that systems give to who asks for any, so that nobody gets it by chance before the test does. */
const FIRST = 20_000;
const COUNT = 12_000;
let next = process.pid * 61;

/** A port of loopback that is free, for what has to be told its port. */
export function freePort(): number {
  for (let tries = 0; tries < 100; tries++) {
    next = (next + 1) % COUNT;
    try {
      const socket = new net.BoundSocket({ host: "127.0.0.1", port: FIRST + next });
      socket.close();
      return FIRST + next;
    } catch {
      // Somebody has it.
    }
  }
  throw new Error("there is no free port");
}
