import type { BenchCase } from "../bench-case.ts";
import { throughputCase } from "./throughput-case.ts";

/** The cases in which clients speak HTTP/1.1 over TLS 1.3; the servers' certificate has a P-256 key. */
export const TLS_CASES: readonly BenchCase[] = [
  throughputCase({
    name: "tls-small-32",
    description: "GET with a 13-byte response over TLS on 32 keep-alive connections.",
    shape: { connections: 32, target: "/", script: [] },
    tls: true,
  }),
  throughputCase({
    name: "tls-response-1m",
    description: "GET of a file of 1 MiB over TLS on 8 keep-alive connections.",
    shape: { connections: 8, target: "/1m", script: [] },
    tls: true,
  }),
  throughputCase({
    name: "tls-connect",
    description: "A new TLS connection with a whole handshake for each GET, 32 at a time.",
    shape: { connections: 32, target: "/", script: ["close"] },
    tls: true,
  }),
];
