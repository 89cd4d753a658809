import { ipPrefix, splitAddress } from "../../../match/ip-address.ts";
import type { StreamInfo, UpstreamInfo } from "../../stream-info.ts";
import { type FormatContext, type FormatOperator, type FormatValue, plainOperator } from "../format-context.ts";

/** The client's address: what `x-forwarded-for` says if it was weighed, with port 0 then, as in Envoy. */
function remoteAddress(info: StreamInfo): string {
  const ip = info.downstreamRemoteIp;
  if (ip === "" || splitAddress(info.connection.remoteAddress).ip === ip) return info.connection.remoteAddress;
  return ip.includes(":") ? `[${ip}]:0` : `${ip}:0`;
}

/** The three operators of one address: whole, without port, port alone. */
function addressOperators(
  whole: string,
  withoutPort: string,
  port: string,
  read: (info: StreamInfo) => string | undefined,
): [string, FormatOperator][] {
  const present = (info: StreamInfo): string | undefined => read(info) || undefined;
  return [
    [whole, plainOperator(({ streamInfo }) => present(streamInfo))],
    [withoutPort, ipOperator(present)],
    [
      port,
      plainOperator(({ streamInfo }) => {
        const text = splitAddress(present(streamInfo) ?? "").port;
        return text === "" ? undefined : Number(text);
      }),
    ],
  ];
}

/** An address without its port. The argument is how many of its bits are kept, written behind it: `10.1.0.0/16`. */
function ipOperator(read: (info: StreamInfo) => string | undefined): FormatOperator {
  return {
    argument: "optional",
    truncates: false,
    problem: (argument) =>
      argument === "" || (/^\d{1,3}$/.test(argument) && Number(argument) <= 128)
        ? null
        : "expected the length of a prefix, 0 to 128",
    create(argument) {
      const bits = argument === "" ? -1 : Number(argument);
      return ({ streamInfo }) => {
        const address = read(streamInfo);
        if (address === undefined) return undefined;
        const { ip } = splitAddress(address);
        return bits === -1 ? ip : (ipPrefix(ip, bits) ?? ip);
      };
    },
  };
}

/** An operator about the chosen upstream; missing if none was chosen or the value is empty. */
function upstreamOperator(read: (upstream: UpstreamInfo) => FormatValue): FormatOperator {
  return plainOperator(({ streamInfo }) => {
    const value = streamInfo.upstream === null ? "" : read(streamInfo.upstream);
    return value === "" ? undefined : value;
  });
}

/** An operator about the stream; missing if the value is empty. */
function infoOperator(read: (info: StreamInfo) => string): FormatOperator {
  return plainOperator(({ streamInfo }) => read(streamInfo) || undefined);
}

/**
 * `REQUESTED_SERVER_NAME(SNI_ONLY|SNI_FIRST|HOST_FIRST:ORIG|HOST|ORIG_OR_HOST)`: what the TLS hello asks for, or the host of the request, as it
 * came (`x-envoy-original-host`) or as it is sent on.
 */
const serverNameOperator: FormatOperator = {
  argument: "optional",
  truncates: false,
  problem(argument) {
    const [order = "", host = "", extra] = argument.split(":");
    if (extra !== undefined || !["", "SNI_ONLY", "SNI_FIRST", "HOST_FIRST"].includes(order)) {
      return "expected SNI_ONLY, SNI_FIRST or HOST_FIRST before the colon";
    }
    return ["", "ORIG", "HOST", "ORIG_OR_HOST"].includes(host)
      ? null
      : "expected ORIG, HOST or ORIG_OR_HOST behind the colon";
  },
  create(argument) {
    const [order = "", source = ""] = argument.split(":");
    const hostOf = ({ requestHeaders }: FormatContext): string => {
      if (requestHeaders === null) return "";
      const original = source === "HOST" ? undefined : requestHeaders.get("x-envoy-original-host");
      return original ?? (source === "ORIG" ? "" : requestHeaders.authority);
    };
    return (context) => {
      const name = context.streamInfo.connection.requestedServerName;
      if (order === "SNI_FIRST") return name || hostOf(context) || undefined;
      if (order === "HOST_FIRST") return hostOf(context) || name || undefined;
      return name || undefined;
    };
  },
};

/** Operators about who is at either end, and about the route between. */
export const peerOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ...addressOperators(
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_REMOTE_PORT",
    remoteAddress,
  ),
  ...addressOperators(
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_DIRECT_REMOTE_PORT",
    (info) => info.connection.directRemoteAddress,
  ),
  ...addressOperators(
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_PORT",
    (info) => info.connection.localAddress,
  ),
  ...addressOperators(
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_DIRECT_LOCAL_PORT",
    (info) => info.connection.directLocalAddress,
  ),
  ...addressOperators(
    "UPSTREAM_REMOTE_ADDRESS",
    "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_REMOTE_PORT",
    (info) => info.upstream?.hostAddress,
  ),
  ...addressOperators(
    "UPSTREAM_LOCAL_ADDRESS",
    "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_LOCAL_PORT",
    (info) => info.upstream?.localAddress,
  ),
  ["STREAM_ID", infoOperator((info) => info.requestId)],
  ["TRACE_ID", infoOperator((info) => info.span?.traceId ?? "")],
  ["SPAN_ID", infoOperator((info) => info.span?.spanId ?? "")],
  ["CONNECTION_ID", plainOperator(({ streamInfo }) => streamInfo.connection.connectionId)],
  ["REQUESTED_SERVER_NAME", serverNameOperator],
  ["FILTER_CHAIN_NAME", infoOperator((info) => info.connection.filterChainName)],
  ["ROUTE_NAME", infoOperator((info) => info.routeName)],
  ["VIRTUAL_CLUSTER_NAME", infoOperator((info) => info.virtualClusterName)],
  ["UPSTREAM_HOST", upstreamOperator((upstream) => upstream.hostAddress)],
  ["UPSTREAM_HOST_NAME", upstreamOperator((upstream) => upstream.hostName || upstream.hostAddress)],
  [
    "UPSTREAM_HOST_NAME_WITHOUT_PORT",
    upstreamOperator((upstream) => splitAddress(upstream.hostName || upstream.hostAddress).ip),
  ],
  ["UPSTREAM_CLUSTER", upstreamOperator((upstream) => upstream.clusterName)],
  ["UPSTREAM_CLUSTER_RAW", upstreamOperator((upstream) => upstream.clusterRawName)],
  ["UPSTREAM_PROTOCOL", upstreamOperator((upstream) => upstream.protocol)],
  ["UPSTREAM_REQUEST_ATTEMPT_COUNT", plainOperator(({ streamInfo }) => streamInfo.upstream?.attemptCount ?? 0)],
  ["UPSTREAM_CONNECTION_ID", upstreamOperator((upstream) => upstream.connectionId || "")],
  ["UPSTREAM_TRANSPORT_FAILURE_REASON", upstreamOperator((upstream) => upstream.transportFailureReason)],
]);
