import type { Clock } from "../../src/base/clock.ts";
import type { RandomSource } from "../../src/base/random.ts";
import type { FormatEnvironment } from "../../src/http/format/format-context.ts";
import { RequestHeaderMap } from "../../src/http/header-map.ts";
import { StreamInfo } from "../../src/http/stream-info.ts";
import type { DownstreamConnectionInfo } from "../../src/net/downstream-connection-info.ts";
import { FakeClock } from "./fake-clock.ts";

const CONNECTION: DownstreamConnectionInfo = {
  connectionId: 7,
  remoteAddress: "192.0.2.1:40000",
  directRemoteAddress: "192.0.2.1:40000",
  localAddress: "127.0.0.1:10000",
  directLocalAddress: "127.0.0.1:10000",
  requestedServerName: "",
  filterChainName: "",
  isTls: false,
  tls: null,
  alpnProtocol: "",
  acceptedAtMs: 0,
};

/** What is recorded of a stream that began at 2016-04-15T20:17:00.310Z and at 0 on the monotonic clock. */
export function makeStreamInfo(connection: Partial<DownstreamConnectionInfo> = {}): StreamInfo {
  return new StreamInfo({ ...CONNECTION, ...connection }, "HTTP/1.1", 0, Date.UTC(2016, 3, 15, 20, 17, 0, 310));
}

/** A request, `GET / HTTP/1.1` for example.com unless said otherwise; headers are `[name, value, …]`. */
export function makeRequest(
  parts: Partial<Pick<RequestHeaderMap, "method" | "path" | "authority" | "scheme">> = {},
  headers: string[] = [],
): RequestHeaderMap {
  const request = new RequestHeaderMap(headers);
  request.method = parts.method ?? "GET";
  request.path = parts.path ?? "/";
  request.authority = parts.authority ?? "example.com";
  request.scheme = parts.scheme ?? "http";
  return request;
}

/** Randomness that always gives the same. */
export const fixedRandom: RandomSource = {
  uint32: () => 4,
  fraction: () => 0.5,
  uuid: () => "11111111-2222-4333-8444-555555555555",
};

/** Surroundings of a format that do not depend on the machine. */
export function makeFormatEnvironment(clock: Clock = new FakeClock()): FormatEnvironment {
  return { hostname: "host-1", environment: new Map([["HOME", "/home/me"]]), clock, random: fixedRandom };
}
