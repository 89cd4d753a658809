import type { BenchCase } from "../bench-case.ts";
import { throughputCase } from "./throughput-case.ts";

/** The cases that send one kind of request. */
export const THROUGHPUT_CASES: readonly BenchCase[] = [
  throughputCase({
    name: "small-32",
    barePipe: true,
    description: "GET with a 13-byte response on 32 keep-alive connections; fixed rate 2,000/s.",
    shape: { connections: 32, target: "/", script: [] },
    fixedRatePerSecond: 2000,
  }),
  throughputCase({
    name: "small-256",
    barePipe: true,
    description: "GET with a 13-byte response on 256 keep-alive connections; fixed rate 2,000/s.",
    shape: { connections: 256, target: "/", script: [] },
    fixedRatePerSecond: 2000,
  }),
  throughputCase({
    name: "response-1m",
    description: "GET of a file of 1 MiB on 8 keep-alive connections; fixed rate 100/s.",
    shape: { connections: 8, target: "/1m", script: [] },
    fixedRatePerSecond: 100,
  }),
  throughputCase({
    name: "upload-1m",
    description: "POST of 1 MiB with content-length on 8 keep-alive connections; fixed rate 100/s.",
    shape: { connections: 8, target: "/upload", script: ["upload"] },
    fixedRatePerSecond: 100,
    upload: true,
  }),
  throughputCase({
    name: "connect",
    description: "A new connection for each GET (`Connection: close`), 32 at a time.",
    shape: { connections: 32, target: "/", script: ["close"] },
  }),
  throughputCase({
    name: "routes-1000",
    description: "GET on 32 keep-alive connections, over a table of 1,000 prefix routes, all of them in turn.",
    shape: { connections: 32, target: "/service-999/item", script: ["routes", "1000"] },
    fixedRatePerSecond: 2000,
    routes: 1000,
  }),
];
