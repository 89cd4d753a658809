import type { BenchCase } from "../bench-case.ts";
import { throughputCase } from "./throughput-case.ts";

/** The cases in which proxies move the bytes of TCP connections. */
export const TCP_CASES: readonly BenchCase[] = [
  throughputCase({
    name: "tcp-download-1m",
    description: "TCP proxies: files of 1 MiB from server to client on 8 connections; fixed rate 100/s. CPU per MiB.",
    shape: { connections: 8, target: "/1m", script: [] },
    fixedRatePerSecond: 100,
    tcp: true,
  }),
  throughputCase({
    name: "tcp-upload-1m",
    description: "TCP proxies: 1 MiB from client to server on 8 connections; fixed rate 100/s. CPU per MiB.",
    shape: { connections: 8, target: "/upload", script: ["upload"] },
    fixedRatePerSecond: 100,
    upload: true,
    tcp: true,
  }),
  throughputCase({
    name: "tcp-small-32",
    description: "TCP proxies: exchanges of some 100 bytes each way on 32 connections; fixed rate 2,000/s.",
    shape: { connections: 32, target: "/", script: [] },
    fixedRatePerSecond: 2000,
    tcp: true,
  }),
  throughputCase({
    name: "tcp-connect",
    description: "TCP proxies: a new connection for each small exchange, 32 at a time.",
    shape: { connections: 32, target: "/", script: ["close"] },
    tcp: true,
  }),
];
