import type { BenchCase } from "./bench-case.ts";
import { HTTP2_CASES } from "./cases/http2-cases.ts";
import { idleConnectionsCase } from "./cases/idle-connections-case.ts";
import { MANY_CLUSTERS_CASES } from "./cases/many-clusters-case.ts";
import { TCP_CASES } from "./cases/tcp-cases.ts";
import { THROUGHPUT_CASES } from "./cases/throughput-cases.ts";
import { TLS_CASES } from "./cases/tls-cases.ts";

/** The cases of each suite, in the order they are run and shown. */
export const SUITES: ReadonlyMap<string, readonly BenchCase[]> = new Map([
  ["h1", [...THROUGHPUT_CASES, idleConnectionsCase, ...MANY_CLUSTERS_CASES]],
  ["tcp", TCP_CASES],
  ["h2", HTTP2_CASES],
  ["tls", TLS_CASES],
]);
