import { accessLogSupport, compileAccessLogs } from "../../../access-log/config.ts";
import type { CompileContext } from "../../../config/compile-context.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { type MessageSupport, notYet, only, support, supportAll, yes } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { UDP_SOCKET_SUPPORT } from "../../../listener/compile/listener-support.ts";
import {
  type UdpProxyConfig,
  type UdpProxyConfig_HashPolicy,
  UdpProxyConfig_HashPolicySchema,
  UdpProxyConfigSchema,
} from "../../../proto/gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.js";
import { TypedExtensionConfigSchema } from "../../../proto/gen/xds/core/v3/extension_pb.js";
import { Matcher_OnMatchSchema, MatcherSchema } from "../../../proto/gen/xds/type/matcher/v3/matcher_pb.js";
import type { UdpHashPolicyData, UdpProxyData } from "./udp-proxy-data.ts";

const DEFAULT_IDLE_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_DATAGRAM_BYTES = 1500;
const ONE_ROUTE = "on_no_match with an action of type envoy.extensions.filters.udp.udp_proxy.v3.Route";

const UDP_PROXY_SUPPORT: readonly MessageSupport[] = [
  support(UdpProxyConfigSchema, {
    stat_prefix: yes,
    cluster: yes,
    matcher: yes,
    idle_timeout: yes,
    use_original_src_ip: only([false], "Node.js can't set IP_TRANSPARENT"),
    hash_policies: yes,
    upstream_socket_config: yes,
    use_per_packet_load_balancing: yes,
    access_log: yes,
    proxy_access_log: notYet("sessions have lines, their sums have not", "statistics udp.<stat_prefix>.*"),
  }),
  supportAll(UdpProxyConfig_HashPolicySchema),
  UDP_SOCKET_SUPPORT,
  support(MatcherSchema, { on_no_match: yes }),
  support(Matcher_OnMatchSchema, { action: yes }),
  supportAll(TypedExtensionConfigSchema),
  ...accessLogSupport,
];

/** `envoy.filters.udp_listener.udp_proxy`, main side. */
export const udpProxyConfig = extensionConfig({
  name: "envoy.filters.udp_listener.udp_proxy",
  categories: ["envoy.filters.udp_listener"],
  schema: UdpProxyConfigSchema,
  configRequired: true,
  support: UDP_PROXY_SUPPORT,
  compile: (message, place, context): UdpProxyData => ({
    statPrefix: message.statPrefix,
    cluster: compileRoute(message, place, context),
    idleTimeoutMs: durationMs(message.idleTimeout, DEFAULT_IDLE_TIMEOUT_MS),
    hashPolicy: compileHashPolicy(message.hashPolicies),
    perPacket: message.usePerPacketLoadBalancing,
    maxUpstreamDatagramBytes: Number(message.upstreamSocketConfig?.maxRxDatagramSize ?? DEFAULT_MAX_DATAGRAM_BYTES),
    accessLogs: compileAccessLogs(message.accessLog, place.field("access_log"), context),
  }),
});

/** The name of the cluster; empty after an error. */
function compileRoute({ routeSpecifier }: UdpProxyConfig, place: Place, context: CompileContext): string {
  if (routeSpecifier.case === "cluster") {
    context.requireResource("cluster", routeSpecifier.value, place.field("cluster"));
    return routeSpecifier.value;
  }
  const at = place.field("matcher");
  const onMatch = routeSpecifier.value?.onNoMatch?.onMatch;
  const action = onMatch?.case === "action" ? onMatch.value : undefined;
  if (action === undefined) {
    context.error(at, "leads to no cluster", ONE_ROUTE);
    return "";
  }
  const config = { name: action.name, typedConfig: action.typedConfig };
  const route = context.extension("envoy.matching.udp_action", config, at.field("on_no_match").field("action"));
  return (route?.data as string | undefined) ?? "";
}

function compileHashPolicy([policy]: readonly UdpProxyConfig_HashPolicy[]): UdpHashPolicyData {
  switch (policy?.policySpecifier.case) {
    case "sourceIp":
      return { type: "sourceIp" };
    case "key":
      return { type: "key", key: policy.policySpecifier.value };
    default:
      return null;
  }
}
