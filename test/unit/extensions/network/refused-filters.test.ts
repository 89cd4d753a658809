import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { networkFilter, TcpPath, tcpConfig } from "./tcp-path.ts";

describe("Network filters that Troupe lacks", () => {
  for (const [type, message] of [
    ["ext_authz", "ExtAuthz"],
    ["ratelimit", "RateLimit"],
    ["redis_proxy", "RedisProxy"],
  ] as const) {
    it(`are refused by name: ${type}`, async (t) => {
      const start = TcpPath.start(t, tcpConfig([networkFilter(type, message), networkFilter("echo", "Echo")]));
      const name = `envoy\\.extensions\\.filters\\.network\\.${type}\\.v3\\.${message}`;
      await assert.rejects(start, new RegExp(`filters\\[0\\].*extension ${name} is not supported yet`));
    });
  }
});
