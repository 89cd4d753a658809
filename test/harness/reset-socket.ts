import type net from "node:net";

/**
 * Resets a connection (RST). In place of `resetAndDestroy`, which in Node 26.10 fails with EINVAL while a FIN is being
 * sent, and then leaves the handle open for good: no 'close', and a loop that spins once the peer has reset.
 */
export function resetSocket(socket: net.Socket): void {
  if (socket.destroyed) return;
  const sendingFin = socket.writableEnded && !socket.writableFinished;
  if (!sendingFin) socket.resetAndDestroy();
  else if (socket.writableLength === 0) socket.once("finish", () => socket.resetAndDestroy());
  // A FIN that waits behind bytes may begin at any moment: without RST, then.
  else socket.destroy();
}
