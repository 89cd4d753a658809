import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import {
  ProxyProtocolConfig_Version,
  ProxyProtocolPassThroughTLVsSchema,
} from "../../../proto/gen/envoy/config/core/v3/proxy_protocol_pb.js";
import {
  ProxyProtocol_KeyValuePairSchema,
  ProxyProtocol_RuleSchema,
  ProxyProtocolSchema,
} from "../../../proto/gen/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js";
import { compilePassThroughTlvs } from "../../../route/compile/pass-through-tlvs.ts";
import type { ProxyProtocolFilterData } from "./proxy-protocol-filter-data.ts";

const NAME = "envoy.filters.listener.proxy_protocol";

/** The main-side half of `envoy.filters.listener.proxy_protocol`. */
export const proxyProtocolConfig = extensionConfig({
  name: NAME,
  categories: ["envoy.filters.listener"],
  schema: ProxyProtocolSchema,
  support: [
    supportAll(ProxyProtocolSchema),
    supportAll(ProxyProtocol_RuleSchema),
    supportAll(ProxyProtocol_KeyValuePairSchema),
    supportAll(ProxyProtocolPassThroughTLVsSchema),
  ],
  compile(message, place, context): ProxyProtocolFilterData {
    const disallowed = new Set(message.disallowedVersions);
    const versions: (1 | 2)[] = [];
    if (!disallowed.has(ProxyProtocolConfig_Version.V1)) versions.push(1);
    if (!disallowed.has(ProxyProtocolConfig_Version.V2)) versions.push(2);
    if (versions.length === 0) {
      context.error(place.field("disallowed_versions"), "no version of the PROXY protocol is left");
    }
    return {
      statPrefix: message.statPrefix,
      rules: message.rules.flatMap(({ tlvType, onTlvPresent }) =>
        onTlvPresent === undefined
          ? []
          : [{ tlvType, namespace: onTlvPresent.metadataNamespace || NAME, key: onTlvPresent.key }],
      ),
      versions,
      allowWithout: message.allowRequestsWithoutProxyProtocol,
      passThrough: compilePassThroughTlvs(message.passThroughTlvs),
    };
  },
});
