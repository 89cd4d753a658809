import { extensionConfig } from "../../../config/extension-config.ts";
import { only, support, yes } from "../../../config/field-support.ts";
import { DnsResolverOptionsSchema } from "../../../proto/gen/envoy/config/core/v3/resolver_pb.js";
import { CaresDnsResolverConfigSchema } from "../../../proto/gen/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb.js";
import {
  CARES_RESOLVER,
  compileResolverAddresses,
  type DnsResolverData,
  NAME_SERVERS,
} from "../../../upstream/compile/discovery.ts";

const NOT_IN_NODE = "Node.js has no such setting of c-ares";

/** Which name servers a cluster asks: a value of `typed_dns_resolver_config`, main side. It has no worker side. */
export const caresResolverConfig = extensionConfig({
  name: CARES_RESOLVER,
  categories: ["envoy.network.dns_resolver"],
  schema: CaresDnsResolverConfigSchema,
  support: [
    support(CaresDnsResolverConfigSchema, {
      resolvers: NAME_SERVERS,
      use_resolvers_as_fallback: only([false], NOT_IN_NODE),
      filter_unroutable_families: only([false], NOT_IN_NODE),
      dns_resolver_options: yes,
      udp_max_queries: only([0], NOT_IN_NODE),
    }),
    support(DnsResolverOptionsSchema, {
      use_tcp_for_dns_lookups: only([false], NOT_IN_NODE),
      no_default_search_domain: yes,
    }),
  ],
  compile: (message, place, context): DnsResolverData => ({
    resolvers: compileResolverAddresses(message.resolvers, place.field("resolvers"), context),
    searchesDomains: message.dnsResolverOptions?.noDefaultSearchDomain !== true,
  }),
});
