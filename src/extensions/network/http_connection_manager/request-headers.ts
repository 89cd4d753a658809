import type { RandomSource } from "../../../base/random.ts";
import type { LocalReply } from "../../../http/filter.ts";
import { internHeaderName, type RequestHeaderMap } from "../../../http/header-map.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { IpPrefixTable } from "../../../match/ip-prefix-table.ts";
import { ipOfAddress } from "../../../net/address.ts";
import { applyMutations, type HeaderMutations } from "../../../route/header-mutations.ts";
import { mutateClientCertificateHeader } from "./client-certificate-header.ts";
import type { HcmData } from "./hcm-data.ts";
import { ipFromHeaders, ipOfPeer } from "./original-ip.ts";
import type { HcmStats } from "./stats.ts";

/** The settings of the connection manager that concern request headers. */
export type RequestHeaderSettings = Pick<
  HcmData,
  | "useRemoteAddress"
  | "skipXffAppend"
  | "xffNumTrustedHops"
  | "ipDetection"
  | "hidesAddresses"
  | "scheme"
  | "userAgent"
  | "internalCidrRanges"
  | "internalUnixSockets"
  | "appendXForwardedPort"
  | "generateRequestId"
  | "preserveExternalRequestId"
  | "via"
  | "clientCertificateHeader"
>;

/** What the treatment of request headers needs beside the headers. One per connection manager. */
export interface RequestHeaderContext {
  readonly data: RequestHeaderSettings;
  readonly random: RandomSource;
  readonly internalRanges: IpPrefixTable<true>;
  /** Made before all else. */
  readonly earlyMutations: readonly HeaderMutations[];
  readonly stats: Pick<HcmStats, "rqRejectedViaIpDetection">;
}

/** Headers that only edge requests lose: a client must not pretend to be another hop. */
const STRIPPED_FROM_EDGE = new Set([
  "x-envoy-decorator-operation",
  "x-envoy-downstream-service-cluster",
  "x-envoy-downstream-service-node",
  "x-envoy-original-path",
  "x-envoy-original-host",
  "x-envoy-attempt-count",
  "x-envoy-is-timeout-retry",
  "x-envoy-external-address",
]);

/** Headers that every request from outside loses: they steer the proxy. */
const STRIPPED_FROM_EXTERNAL = new Set([
  "x-envoy-retriable-status-codes",
  "x-envoy-retriable-header-names",
  "x-envoy-retry-on",
  "x-envoy-retry-grpc-on",
  "x-envoy-max-retries",
  "x-envoy-upstream-alt-stat-name",
  "x-envoy-upstream-rq-timeout-ms",
  "x-envoy-upstream-rq-per-try-timeout-ms",
  "x-envoy-upstream-rq-timeout-alt-response",
  "x-envoy-upstream-stream-duration-ms",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-force-trace",
  "x-envoy-ip-tags",
  "x-envoy-original-url",
  "x-envoy-hedge-on-per-try-timeout",
]);

/** Who the client is by its certificate. Nobody's word is taken for it, unless `forward_client_cert_details` says so. */
const CLIENT_CERTIFICATE = internHeaderName("x-forwarded-client-cert");

/**
 * Makes the headers of a request say what the proxy knows: who the client is, over which scheme, whether it may be
 * trusted, and the request's id. External requests lose `internalOnlyHeaders` (lower case). Sets `streamInfo.downstreamRemoteIp`, `requestId` and `hidesAddresses`; an internal request gets `x-envoy-internal`.
 * Answers null, or the reply that refuses the request because nobody can tell who the client is. Source: Envoy's `ConnectionManagerUtility::mutateRequestHeaders`.
 * Differs from Envoy: a peer on the loopback interface is appended to `x-forwarded-for` as it is, not as the address of
 * this machine, and `referer` is passed on as it came.
 */
export function mutateRequestHeaders(
  headers: RequestHeaderMap,
  streamInfo: StreamInfo,
  context: RequestHeaderContext,
  internalOnlyHeaders: readonly string[],
): LocalReply | null {
  const data = context.data;
  if (context.earlyMutations.length > 0) applyMutations(context.earlyMutations, headers, headers, null, streamInfo);
  streamInfo.hidesAddresses = data.hidesAddresses;
  const connectionIp = ipOfAddress(streamInfo.connection.remoteAddress);
  const connectionScheme = streamInfo.connection.isTls ? "https" : "http";
  const client = data.useRemoteAddress
    ? ipOfPeer(headers, connectionIp, data.xffNumTrustedHops)
    : ipFromHeaders(headers, connectionIp, data.ipDetection);
  if (client.rejectStatus !== 0) {
    context.stats.rqRejectedViaIpDetection.inc();
    return { status: client.rejectStatus, body: "", details: "rejecting_because_detection_failed" };
  }
  if (data.useRemoteAddress) {
    if (!data.skipXffAppend && connectionIp !== "") headers.append("x-forwarded-for", connectionIp);
    if (data.xffNumTrustedHops === 0 || !headers.has("x-forwarded-proto")) {
      headers.set("x-forwarded-proto", connectionScheme);
    }
  } else if (!headers.has("x-forwarded-proto")) {
    headers.add("x-forwarded-proto", connectionScheme);
  }
  if (data.appendXForwardedPort) appendForwardedPort(headers, streamInfo.connection.localAddress, data);
  if (data.scheme !== "") {
    headers.scheme = data.scheme;
    headers.set("x-forwarded-proto", data.scheme);
  } else if (headers.scheme === "") headers.scheme = schemeOf(headers.get("x-forwarded-proto"), connectionScheme);
  streamInfo.downstreamRemoteIp = client.ip;

  const internal = client.trusted && isInternal(client.ip, streamInfo, context);
  const edge = !internal && data.useRemoteAddress;
  sanitize(headers, internal, edge, data.clientCertificateHeader.mode === "sanitize");
  if (!internal) for (const name of internalOnlyHeaders) headers.remove(name);
  if (data.userAgent !== null) sayWhoSends(headers, data.userAgent);
  if (internal) headers.set("x-envoy-internal", "true");
  else if (edge && client.ip !== "") headers.set("x-envoy-external-address", client.ip);
  setRequestId(headers, edge, context);
  streamInfo.requestId = headers.get("x-request-id") ?? "";
  // Without a mode set, `sanitize` has removed it.
  if (data.clientCertificateHeader.mode !== "sanitize") {
    mutateClientCertificateHeader(headers, streamInfo.connection.tls, data.clientCertificateHeader);
  }
  if (data.via !== "") headers.append("via", data.via, ", ");
  return null;
}

/** This proxy's own node stands for the service whose requests it takes. */
function sayWhoSends(headers: RequestHeaderMap, { cluster, node }: NonNullable<HcmData["userAgent"]>): void {
  headers.set("x-envoy-downstream-service-cluster", cluster);
  if ((headers.get("user-agent") ?? "") === "") headers.set("user-agent", cluster);
  if (node !== "") headers.set("x-envoy-downstream-service-node", node);
}

/** The port this request came in on, unless a trusted hop has said so already. */
function appendForwardedPort(headers: RequestHeaderMap, localAddress: string, data: RequestHeaderSettings): void {
  const overwrite = data.useRemoteAddress && data.xffNumTrustedHops === 0;
  const colon = localAddress.lastIndexOf(":");
  if (colon === -1 || (!overwrite && headers.has("x-forwarded-port"))) return;
  headers.set("x-forwarded-port", localAddress.slice(colon + 1));
}

function isInternal(ip: string, streamInfo: StreamInfo, context: RequestHeaderContext): boolean {
  if (context.data.internalUnixSockets && streamInfo.connection.remoteAddress === "") return true;
  return context.data.internalCidrRanges.length > 0 && context.internalRanges.has(ip);
}

/** Drops the `x-envoy-` headers that this peer may not send. One look for the prefix spares most requests the rest. */
function sanitize(headers: RequestHeaderMap, internal: boolean, edge: boolean, noCertificate: boolean): void {
  const list = headers.list;
  let suspicious = false;
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    if (name.length > 8 && name.charCodeAt(2) === 0x65 && name.startsWith("x-envoy-")) suspicious = true;
    else if (name === CLIENT_CERTIFICATE) suspicious = true;
  }
  if (!suspicious) return;
  headers.removeWhere(
    (name) =>
      name === "x-envoy-internal" ||
      (noCertificate && name === CLIENT_CERTIFICATE) ||
      (!internal && STRIPPED_FROM_EXTERNAL.has(name)) ||
      (edge && STRIPPED_FROM_EDGE.has(name)),
  );
}

function setRequestId(headers: RequestHeaderMap, edge: boolean, context: RequestHeaderContext): void {
  const data = context.data;
  if (!data.generateRequestId) return;
  const present = headers.has("x-request-id");
  if (present && (!edge || data.preserveExternalRequestId)) return;
  headers.set("x-request-id", context.random.uuid());
}

function schemeOf(forwardedProto: string | undefined, connectionScheme: string): string {
  return forwardedProto === "http" || forwardedProto === "https" ? forwardedProto : connectionScheme;
}
