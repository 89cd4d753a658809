import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  mutateRequestHeaders,
  type RequestHeaderSettings,
} from "../../../../../src/extensions/network/http_connection_manager/request-headers.ts";
import type { RequestHeaderMap } from "../../../../../src/http/header-map.ts";
import { createIpSet } from "../../../../../src/match/ip-prefix-table.ts";
import type { DownstreamConnectionInfo } from "../../../../../src/net/downstream-connection-info.ts";
import { fixedRandom, makeRequest, makeStreamInfo } from "../../../../harness/stream-fixtures.ts";

const DEFAULTS: RequestHeaderSettings = {
  useRemoteAddress: false,
  skipXffAppend: false,
  clientCertificateHeader: { mode: "sanitize", details: [] },
  xffNumTrustedHops: 0,
  ipDetection: [{ type: "xff", trustedHops: 0 }],
  hidesAddresses: false,
  scheme: "",
  userAgent: null,
  internalCidrRanges: [],
  internalUnixSockets: false,
  appendXForwardedPort: false,
  generateRequestId: true,
  preserveExternalRequestId: false,
  via: "",
};
const TEN = [{ address: "10.0.0.0", prefixLength: 8 }];
const UUID = "11111111-2222-4333-8444-555555555555";

interface Row {
  readonly name: string;
  readonly settings?: Partial<RequestHeaderSettings>;
  /** The peer; default 192.0.2.1. */
  readonly peer?: string;
  readonly connection?: Partial<DownstreamConnectionInfo>;
  readonly request?: Readonly<Record<string, string>>;
  /** Names and values of headers that come before these. */
  readonly lines?: readonly string[];
  /** Headers afterwards; undefined = absent. */
  readonly after?: Readonly<Record<string, string | undefined>>;
  readonly client?: string;
  readonly internal?: boolean;
  /** The status of the answer, if the request is refused. */
  readonly rejected?: number;
  readonly internalOnly?: readonly string[];
}

function treat(row: Row): {
  headers: RequestHeaderMap;
  client: string;
  requestId: string;
  internal: boolean;
  status: number;
} {
  const headers = makeRequest({ scheme: "" }, [...(row.lines ?? []), ...Object.entries(row.request ?? {}).flat()]);
  const streamInfo = makeStreamInfo({ remoteAddress: `${row.peer ?? "192.0.2.1"}:40000`, ...row.connection });
  const data = { ...DEFAULTS, ...row.settings };
  const internalRanges = createIpSet(data.internalCidrRanges);
  let rejected = 0;
  const stats = { rqRejectedViaIpDetection: { inc: () => rejected++, add: () => {} } };
  const context = { data, random: fixedRandom, internalRanges, earlyMutations: [], stats };
  const reply = mutateRequestHeaders(headers, streamInfo, context, row.internalOnly ?? []);
  assert.equal(rejected, reply === null ? 0 : 1);
  const internal = headers.has("x-envoy-internal");
  const status = reply?.status ?? 0;
  return { headers, client: streamInfo.downstreamRemoteIp, requestId: streamInfo.requestId, internal, status };
}

function check(row: Row): void {
  const { headers, client, internal, status } = treat(row);
  assert.equal(status, row.rejected ?? 0);
  for (const [name, value] of Object.entries(row.after ?? {})) assert.equal(headers.lookup(name), value, name);
  if (row.client !== undefined) assert.equal(client, row.client);
  if (row.internal !== undefined) assert.equal(internal, row.internal);
}

const FORWARDED_FOR: readonly Row[] = [
  {
    name: "leaves the list alone and believes its last entry",
    request: { "x-forwarded-for": "1.1.1.1, 2.2.2.2" },
    after: { "x-forwarded-for": "1.1.1.1, 2.2.2.2" },
    client: "2.2.2.2",
  },
  { name: "takes the peer if there is no list", after: { "x-forwarded-for": undefined }, client: "192.0.2.1" },
  {
    name: "takes the peer if the entry is no address",
    request: { "x-forwarded-for": "1.1.1.1, unknown" },
    client: "192.0.2.1",
  },
  {
    name: "takes the peer if the list ends with a comma",
    request: { "x-forwarded-for": "1.1.1.1," },
    client: "192.0.2.1",
  },
  {
    name: "counts one hop more from the right per trusted hop",
    settings: { ipDetection: [{ type: "xff", trustedHops: 1 }] },
    request: { "x-forwarded-for": "1.1.1.1, 2.2.2.2, 3.3.3.3" },
    client: "2.2.2.2",
  },
  {
    name: "takes the peer if the list is shorter than the trusted hops",
    settings: { ipDetection: [{ type: "xff", trustedHops: 3 }] },
    request: { "x-forwarded-for": "1.1.1.1, 2.2.2.2" },
    client: "192.0.2.1",
  },
  { name: "reads IPv6 addresses", request: { "x-forwarded-for": "2001:db8::1" }, client: "2001:db8::1" },
  {
    name: "with use_remote_address appends and believes the peer",
    settings: { useRemoteAddress: true },
    request: { "x-forwarded-for": "1.1.1.1" },
    after: { "x-forwarded-for": "1.1.1.1,192.0.2.1" },
    client: "192.0.2.1",
  },
  {
    name: "with use_remote_address begins the list",
    settings: { useRemoteAddress: true },
    after: { "x-forwarded-for": "192.0.2.1" },
    client: "192.0.2.1",
  },
  {
    name: "with use_remote_address and one trusted hop believes the last entry",
    settings: { useRemoteAddress: true, xffNumTrustedHops: 1 },
    request: { "x-forwarded-for": "1.1.1.1, 2.2.2.2" },
    after: { "x-forwarded-for": "1.1.1.1, 2.2.2.2,192.0.2.1" },
    client: "2.2.2.2",
  },
  {
    name: "with skip_xff_append believes the peer and appends nothing",
    settings: { useRemoteAddress: true, skipXffAppend: true },
    request: { "x-forwarded-for": "1.1.1.1" },
    after: { "x-forwarded-for": "1.1.1.1" },
    client: "192.0.2.1",
  },
];

const SCHEME_AND_PORT: readonly Row[] = [
  {
    name: "takes every request to have the configured scheme",
    settings: { scheme: "https" },
    request: { "x-forwarded-proto": "http" },
    after: { "x-forwarded-proto": "https", ":scheme": "https" },
  },
  { name: "says the connection's scheme", after: { "x-forwarded-proto": "http", ":scheme": "http" } },
  {
    name: "says https for TLS",
    connection: { isTls: true },
    after: { "x-forwarded-proto": "https", ":scheme": "https" },
  },
  {
    name: "keeps a scheme that an earlier hop has said",
    request: { "x-forwarded-proto": "https" },
    after: { "x-forwarded-proto": "https", ":scheme": "https" },
  },
  { name: "takes no odd scheme over", request: { "x-forwarded-proto": "gopher" }, after: { ":scheme": "http" } },
  {
    name: "overwrites what a client says of the scheme",
    settings: { useRemoteAddress: true },
    request: { "x-forwarded-proto": "https" },
    after: { "x-forwarded-proto": "http" },
  },
  {
    name: "keeps what a trusted hop says of the scheme",
    settings: { useRemoteAddress: true, xffNumTrustedHops: 1 },
    request: { "x-forwarded-proto": "https" },
    after: { "x-forwarded-proto": "https" },
  },
  {
    name: "says the port if told to",
    settings: { appendXForwardedPort: true },
    after: { "x-forwarded-port": "10000" },
  },
  {
    name: "keeps a port that an earlier hop has said",
    settings: { appendXForwardedPort: true },
    request: { "x-forwarded-port": "443" },
    after: { "x-forwarded-port": "443" },
  },
  {
    name: "overwrites what a client says of the port",
    settings: { appendXForwardedPort: true, useRemoteAddress: true },
    request: { "x-forwarded-port": "443" },
    after: { "x-forwarded-port": "10000" },
  },
];

const TRUST: readonly Row[] = [
  { name: "nobody is internal by default", settings: { useRemoteAddress: true }, peer: "10.1.1.1", internal: false },
  {
    name: "a peer in a range is internal",
    settings: { useRemoteAddress: true, internalCidrRanges: TEN },
    peer: "10.1.1.1",
    internal: true,
    after: { "x-envoy-internal": "true", "x-envoy-external-address": undefined },
  },
  {
    name: "a peer in a range with a list before it is not",
    settings: { useRemoteAddress: true, internalCidrRanges: TEN },
    peer: "10.1.1.1",
    request: { "x-forwarded-for": "10.2.2.2" },
    internal: false,
  },
  {
    name: "a list of one internal address is internal",
    settings: { internalCidrRanges: TEN },
    request: { "x-forwarded-for": "10.2.2.2" },
    internal: true,
  },
  {
    name: "a list of two is not",
    settings: { internalCidrRanges: TEN },
    request: { "x-forwarded-for": "10.2.2.2, 10.2.2.3" },
    internal: false,
  },
  {
    name: "no list is not, without use_remote_address",
    settings: { internalCidrRanges: TEN },
    peer: "10.1.1.1",
    internal: false,
  },
  {
    name: "a client's word that it is internal is not taken",
    request: { "x-envoy-internal": "true" },
    internal: false,
    after: { "x-envoy-internal": undefined },
  },
  {
    name: "an edge request gets the client's address",
    settings: { useRemoteAddress: true },
    request: { "x-envoy-external-address": "6.6.6.6" },
    after: { "x-envoy-external-address": "192.0.2.1" },
  },
  {
    name: "external requests lose what steers the proxy",
    request: {
      "x-envoy-retry-on": "5xx",
      "x-envoy-upstream-rq-timeout-ms": "1",
      "x-envoy-force-trace": "1",
      "x-other": "1",
    },
    after: {
      "x-envoy-retry-on": undefined,
      "x-envoy-upstream-rq-timeout-ms": undefined,
      "x-envoy-force-trace": undefined,
      "x-other": "1",
    },
  },
  {
    name: "edge requests lose what only hops may say",
    settings: { useRemoteAddress: true },
    request: { "x-envoy-original-path": "/", "x-envoy-decorator-operation": "x" },
    after: { "x-envoy-original-path": undefined, "x-envoy-decorator-operation": undefined },
  },
  {
    name: "edge requests lose what hops say of the request",
    settings: { useRemoteAddress: true },
    request: { "x-envoy-original-host": "a", "x-envoy-attempt-count": "3", "x-envoy-is-timeout-retry": "true" },
    after: {
      "x-envoy-original-host": undefined,
      "x-envoy-attempt-count": undefined,
      "x-envoy-is-timeout-retry": undefined,
    },
  },
  {
    name: "requests of an earlier hop keep that",
    request: {
      "x-envoy-original-path": "/old",
      "x-envoy-original-host": "old.test",
      "x-envoy-attempt-count": "2",
      "x-envoy-is-timeout-retry": "true",
      "x-envoy-external-address": "192.0.2.9",
    },
    after: {
      "x-envoy-original-path": "/old",
      "x-envoy-original-host": "old.test",
      "x-envoy-attempt-count": "2",
      "x-envoy-is-timeout-retry": "true",
      "x-envoy-external-address": "192.0.2.9",
    },
  },
  {
    name: "internal requests keep what steers the proxy",
    settings: { useRemoteAddress: true, internalCidrRanges: TEN },
    peer: "10.1.1.1",
    request: { "x-envoy-retry-on": "5xx" },
    after: { "x-envoy-retry-on": "5xx" },
  },
  {
    name: "external requests lose the headers of internal_only_headers",
    internalOnly: ["x-team"],
    request: { "x-team": "a" },
    after: { "x-team": undefined },
  },
  {
    name: "internal requests keep them",
    settings: { internalCidrRanges: TEN },
    internalOnly: ["x-team"],
    request: { "x-team": "a", "x-forwarded-for": "10.0.0.1" },
    after: { "x-team": "a" },
  },
  {
    name: "nobody's certificate is believed",
    request: { "x-forwarded-client-cert": "By=me" },
    after: { "x-forwarded-client-cert": undefined },
  },
];

const IDENTITY: readonly Row[] = [
  { name: "makes a request id", after: { "x-request-id": UUID } },
  {
    name: "keeps a request id of an earlier hop",
    request: { "x-request-id": "mine" },
    after: { "x-request-id": "mine" },
  },
  {
    name: "replaces a request id of a client",
    settings: { useRemoteAddress: true },
    request: { "x-request-id": "mine" },
    after: { "x-request-id": UUID },
  },
  {
    name: "keeps a client's if told to",
    settings: { useRemoteAddress: true, preserveExternalRequestId: true },
    request: { "x-request-id": "mine" },
    after: { "x-request-id": "mine" },
  },
  { name: "makes none if told not to", settings: { generateRequestId: false }, after: { "x-request-id": undefined } },
  {
    name: "says for which service it takes requests, in place of what clients say",
    settings: { userAgent: { cluster: "shop", node: "shop-1" }, useRemoteAddress: true },
    request: { "x-envoy-downstream-service-cluster": "forged", "user-agent": "curl" },
    after: {
      "x-envoy-downstream-service-cluster": "shop",
      "x-envoy-downstream-service-node": "shop-1",
      "user-agent": "curl",
    },
  },
  {
    name: "stands in for a missing user agent, and leaves out a node without a name",
    settings: { userAgent: { cluster: "shop", node: "" } },
    after: { "user-agent": "shop", "x-envoy-downstream-service-node": undefined },
  },
  {
    name: "adds itself to via",
    settings: { via: "1.1 troupe" },
    request: { via: "1.0 fred" },
    after: { via: "1.0 fred, 1.1 troupe" },
  },
];

const CLIENT_IP = { type: "customHeader", header: "x-client-ip", trusted: false, rejectStatus: null } as const;
const DETECTION: readonly Row[] = [
  {
    name: "takes the address of a header of its own",
    settings: { ipDetection: [CLIENT_IP], internalCidrRanges: TEN },
    request: { "x-client-ip": "10.1.1.1", "x-forwarded-for": "2.2.2.2" },
    client: "10.1.1.1",
    internal: false,
  },
  {
    name: "lets a trusted header say that a request is internal",
    settings: { ipDetection: [{ ...CLIENT_IP, trusted: true }], internalCidrRanges: TEN },
    request: { "x-client-ip": "10.1.1.1" },
    client: "10.1.1.1",
    internal: true,
  },
  {
    name: "takes the first of several such headers",
    settings: { ipDetection: [CLIENT_IP, { ...CLIENT_IP, header: "x-other" }] },
    request: { "x-client-ip": "3.3.3.3", "x-other": "4.4.4.4" },
    client: "3.3.3.3",
  },
  {
    name: "goes on to the next way where a header is no address",
    settings: { ipDetection: [CLIENT_IP, { type: "xff", trustedHops: 1 }] },
    request: { "x-client-ip": "somebody", "x-forwarded-for": "1.1.1.1, 2.2.2.2" },
    client: "1.1.1.1",
  },
  {
    name: "takes the peer, which is never internal then, where no way leads to an address",
    settings: { ipDetection: [CLIENT_IP], internalCidrRanges: [{ address: "192.0.2.0", prefixLength: 24 }] },
    client: "192.0.2.1",
    internal: false,
  },
  {
    name: "refuses a request without the header where it has to have it",
    settings: { ipDetection: [{ ...CLIENT_IP, rejectStatus: 418 }] },
    rejected: 418,
  },
  {
    name: "refuses a request whose header is no address, too",
    settings: { ipDetection: [{ ...CLIENT_IP, rejectStatus: 403 }] },
    request: { "x-client-ip": "1.2.3.4, 5.6.7.8" },
    rejected: 403,
  },
];
describe("Headers that came in several lines", () => {
  const LINES = ["1.1.1.1, 2.2.2.2", "3.3.3.3"] as const;
  for (const [name, settings, joined] of [
    ["x-forwarded-for", { useRemoteAddress: true }, "1.1.1.1, 2.2.2.2,3.3.3.3,192.0.2.1"],
    ["via", { via: "1.1 troupe" }, "1.1.1.1, 2.2.2.2, 3.3.3.3, 1.1 troupe"],
  ] as const) {
    it(`${name}: what the proxy adds comes last, in one line`, () => {
      const { headers } = treat({ name, settings, lines: LINES.flatMap((line) => [name, line, "x-other", "1"]) });
      assert.deepEqual(headers.getAll(name), [joined]);
      assert.equal(headers.getAll("x-other").length, 2);
    });
  }
});

describe("mutateRequestHeaders", () => {
  for (const row of DETECTION) it(row.name, () => check(row));
  for (const row of [...FORWARDED_FOR, ...SCHEME_AND_PORT, ...TRUST, ...IDENTITY]) it(row.name, () => check(row));

  it("notes the request id for logs", () => {
    assert.equal(treat({ name: "", request: { "x-request-id": "mine" } }).requestId, "mine");
  });

  it("does not look through more than 100 addresses", () => {
    const list = new Array(200).fill("1.1.1.1").join(",");
    assert.equal(treat({ name: "", request: { "x-forwarded-for": list } }).client, "192.0.2.1");
  });
});
