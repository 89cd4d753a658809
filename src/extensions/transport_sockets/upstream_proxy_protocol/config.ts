import type { CompileContext, CompiledExtension } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { support, supportAll, within, yes } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import type { PassThroughTlvs } from "../../../net/proxy-protocol/passed-tlvs.ts";
import { TransportSocketSchema } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  ProxyProtocolConfig_Version,
  ProxyProtocolConfigSchema,
  ProxyProtocolPassThroughTLVsSchema,
} from "../../../proto/gen/envoy/config/core/v3/proxy_protocol_pb.js";
import {
  type ProxyProtocolUpstreamTransport,
  ProxyProtocolUpstreamTransportSchema,
} from "../../../proto/gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js";
import { compilePassThroughTlvs } from "../../../route/compile/pass-through-tlvs.ts";

/** What the worker side gets. Plain data. */
export interface UpstreamProxyProtocolData {
  readonly version: 1 | 2;
  /** Of the client's own header, in one of version 2. */
  readonly passThroughTlvs: PassThroughTlvs;
  /** What carries the connection behind the header; null is a plain socket. */
  readonly inner: CompiledExtension | null;
}

/** `envoy.transport_sockets.upstream_proxy_protocol`, main side. */
export const upstreamProxyProtocolConfig = extensionConfig({
  name: "envoy.transport_sockets.upstream_proxy_protocol",
  categories: ["envoy.transport_sockets.upstream"],
  schema: ProxyProtocolUpstreamTransportSchema,
  configRequired: true,
  support: [
    support(ProxyProtocolUpstreamTransportSchema, {
      config: yes,
      transport_socket: within(support(TransportSocketSchema, { name: yes, typed_config: yes })),
    }),
    supportAll(ProxyProtocolConfigSchema),
    supportAll(ProxyProtocolPassThroughTLVsSchema),
  ],
  compile,
});

function compile(
  message: ProxyProtocolUpstreamTransport,
  place: Place,
  context: CompileContext,
): UpstreamProxyProtocolData {
  const { config, transportSocket } = message;
  const { name = "", configType } = transportSocket ?? {};
  const typedConfig = configType?.case === "typedConfig" ? configType.value : undefined;
  const at = place.field("transport_socket");
  const inner =
    transportSocket === undefined
      ? undefined
      : context.extension("envoy.transport_sockets.upstream", { name, typedConfig }, at);
  return {
    version: config?.version === ProxyProtocolConfig_Version.V2 ? 2 : 1,
    passThroughTlvs: compilePassThroughTlvs(config?.passThroughTlvs),
    inner: inner === undefined || inner.extension === "envoy.transport_sockets.raw_buffer" ? null : inner,
  };
}
