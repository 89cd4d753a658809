import { freePort, PinnedProcess, PROXY_CORE } from "../pinned-process.ts";
import type { RunningPeer } from "./peer.ts";

/** Starts a proxy that is one command, which is told its port. */
export async function startPinnedPeer(name: string, command: (port: number) => string[]): Promise<RunningPeer> {
  const port = await freePort();
  const process = new PinnedProcess(name, PROXY_CORE, command(port));
  try {
    await process.waitForPort(port);
  } catch (error) {
    await process.stop();
    throw error;
  }
  return { port, pid: process.pid, stop: () => process.stop() };
}
