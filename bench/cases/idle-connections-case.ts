import { once } from "node:events";
import net from "node:net";
import { Backend } from "../backend.ts";
import type { BenchCase, BenchContext, BenchNumbers, BenchRound } from "../bench-case.ts";
import { type Peer, PLAIN_HTTP1, type RunningPeer } from "../peers/peer.ts";
import { readProcessUsage } from "../process-usage.ts";

const CONNECTIONS = 10_000;
/** Connections, each used once, that are there already when the first reading is taken. */
const FIRST_CONNECTIONS = 1000;
/** Connections opened, or requests sent, at a time: below every listen queue. */
const BATCH = 100;
const REQUEST = "GET / HTTP/1.1\r\nhost: idle.test\r\n\r\n";

/**
 * Memory that idle connections take: resident memory with them minus resident memory before, divided by their number;
 * once as they were accepted and once after a request on each.
 */
export const idleConnectionsCase: BenchCase = {
  name: "idle-10000",
  description:
    "10,000 idle connections: growth of resident memory for each, freshly accepted, and after one GET on each of them.",
  peers: ["troupe", "nginx", "haproxy", "http-proxy", "fastify"],
  columns: [
    { key: "acceptedBytesPerConnection", title: "bytes/connection, accepted", ratio: true },
    { key: "usedBytesPerConnection", title: "bytes/connection, after one request", ratio: true },
    { key: "peakMiB", title: "peak memory MiB", digits: 1 },
  ],
  async run(context) {
    const backend = await Backend.start(context.folder);
    const rounds: BenchRound[] = [];
    try {
      for (let round = 0; round < context.options.rounds; round += 1) {
        const order = round % 2 === 0 ? context.peers : context.peers.toReversed();
        for (const peer of order) {
          const numbers = await measure(peer, backend.port, context);
          rounds.push({ peer: peer.name, round, numbers });
          const bytes = Object.values(numbers)
            .slice(0, 2)
            .map((value) => value.toFixed(0));
          context.progress(`round ${round + 1}: ${peer.name}: ${bytes.join(", then ")} bytes a connection`);
        }
      }
    } finally {
      await backend.stop();
    }
    return rounds;
  },
};

async function measure(peer: Peer, backendPort: number, context: BenchContext): Promise<BenchNumbers> {
  // A fresh process each time: memory once taken from the system seldom goes back.
  const running = await peer.start({
    folder: context.folder,
    backendPort,
    routes: 0,
    tcp: false,
    protocols: PLAIN_HTTP1,
  });
  const sockets: net.Socket[] = [];
  try {
    // What the first use of any kind takes is not the connections'. No more than that ahead of the first reading: after
    // heavy load a heap has free room, in which connections would hide.
    await openMany(running.port, FIRST_CONNECTIONS, sockets);
    await askAll(sockets);
    const base = await settledMemory(running);
    await openMany(running.port, CONNECTIONS, sockets);
    const accepted = await settledMemory(running);
    await askAll(sockets.slice(FIRST_CONNECTIONS));
    const used = await settledMemory(running);
    const lost = sockets.filter((socket) => socket.destroyed || socket.readableEnded).length;
    if (lost > 0) throw new Error(`${peer.name} closed ${lost} of the idle connections`);
    return {
      acceptedBytesPerConnection: (accepted - base) / CONNECTIONS,
      usedBytesPerConnection: (used - base) / CONNECTIONS,
      peakMiB: readProcessUsage(running.pid).peakBytes / (1024 * 1024),
      baseBytes: base,
    };
  } finally {
    for (const socket of sockets) socket.destroy();
    await running.stop();
  }
}

/** Resident memory once it has not shrunk for two seconds, or after ten. */
async function settledMemory(peer: RunningPeer): Promise<number> {
  let least = readProcessUsage(peer.pid).residentBytes;
  let quiet = 0;
  for (let sample = 0; sample < 40 && quiet < 8; sample += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const now = readProcessUsage(peer.pid).residentBytes;
    quiet = now < least ? 0 : quiet + 1;
    least = Math.min(least, now);
  }
  return readProcessUsage(peer.pid).residentBytes;
}

async function openMany(port: number, count: number, sockets: net.Socket[]): Promise<void> {
  for (let opened = 0; opened < count; opened += BATCH) {
    sockets.push(...(await Promise.all(Array.from({ length: BATCH }, () => open(port)))));
  }
}

async function askAll(sockets: readonly net.Socket[]): Promise<void> {
  for (let at = 0; at < sockets.length; at += BATCH) await Promise.all(sockets.slice(at, at + BATCH).map(ask));
}

async function open(port: number): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => {});
  return socket;
}

async function ask(socket: net.Socket): Promise<void> {
  socket.write(REQUEST);
  await once(socket, "data");
}
