import { accessLogSupport } from "../../access-log/config.ts";
import {
  type MessageSupport,
  noEffect,
  notYet,
  only,
  support,
  supportAll,
  within,
  yes,
} from "../../config/field-support.ts";
import {
  AddressSchema,
  CidrRangeSchema,
  PipeSchema,
  SocketAddressSchema,
} from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import { TransportSocketSchema } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  SocketOptionSchema,
  SocketOptionsOverrideSchema,
} from "../../proto/gen/envoy/config/core/v3/socket_option_pb.js";
import { UdpSocketConfigSchema } from "../../proto/gen/envoy/config/core/v3/udp_socket_config_pb.js";
import {
  FilterChainMatchSchema,
  FilterChainSchema,
  FilterSchema,
  ListenerFilterChainMatchPredicate_MatchSetSchema,
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.js";
import {
  AdditionalAddressSchema,
  Listener_ConnectionBalanceConfig_ExactBalanceSchema,
  Listener_ConnectionBalanceConfigSchema,
  Listener_DeprecatedV1Schema,
  ListenerSchema,
} from "../../proto/gen/envoy/config/listener/v3/listener_pb.js";
import { UdpListenerConfigSchema } from "../../proto/gen/envoy/config/listener/v3/udp_listener_config_pb.js";
import { Int32RangeSchema } from "../../proto/gen/envoy/type/v3/range_pb.js";

const ADDRESS = within(
  support(AddressSchema, { socket_address: yes, pipe: yes }),
  support(SocketAddressSchema, {
    protocol: only(["TCP", "UDP"]),
    address: yes,
    port_value: yes,
    named_port: notYet("there are no resolvers that know port names", "use port_value"),
    ipv4_compat: yes,
  }),
  support(PipeSchema, { path: yes, mode: yes }),
);

/** Of `UdpSocketConfig`. */
export const UDP_SOCKET_SUPPORT = support(UdpSocketConfigSchema, {
  max_rx_datagram_size: yes,
  prefer_gro: noEffect("Node.js reads datagrams one by one"),
});

const NOT_READ = noEffect("it is shown in the configuration dump; nothing else reads it");

/** Which fields of a listener, its filter chains and addresses are implemented. */
export const LISTENER_SUPPORT: readonly MessageSupport[] = [
  support(ListenerSchema, {
    name: yes,
    address: ADDRESS,
    additional_addresses: yes,
    stat_prefix: yes,
    filter_chains: yes,
    default_filter_chain: yes,
    per_connection_buffer_limit_bytes: yes,
    metadata: NOT_READ,
    drain_type: yes,
    traffic_direction: yes,
    socket_options: yes,
    tcp_backlog_size: yes,
    enable_reuse_port: yes,
    connection_balance_config: yes,
    bind_to_port: yes,
    deprecated_v1: yes,
    udp_listener_config: yes,
    use_original_dst: yes,
    transparent: only([false], "Node.js can't set IP_TRANSPARENT"),
    freebind: only([false], "Node.js can't set IP_FREEBIND"),
    access_log: yes,
    tcp_fast_open_queue_length: only([0], "Node.js can't set TCP_FASTOPEN"),
    listener_filters: yes,
    listener_filters_timeout: yes,
    continue_on_listener_filters_timeout: yes,
    max_connections_to_accept_per_socket_event: noEffect(
      "Node.js accepts one connection at a time, and then looks at other sockets",
    ),
    ignore_global_conn_limit: yes,
    bypass_overload_manager: yes,
  }),
  support(AdditionalAddressSchema, { address: ADDRESS, socket_options: yes }),
  supportAll(SocketOptionsOverrideSchema),
  support(SocketOptionSchema, {
    description: yes,
    level: yes,
    name: yes,
    int_value: yes,
    state: noEffect("what can be set is set on accepted connections"),
  }),
  support(UdpListenerConfigSchema, { downstream_socket_config: yes }),
  UDP_SOCKET_SUPPORT,
  support(Listener_ConnectionBalanceConfigSchema, { exact_balance: yes }),
  support(Listener_ConnectionBalanceConfig_ExactBalanceSchema, {}),
  support(FilterChainSchema, {
    name: yes,
    filters: yes,
    filter_chain_match: yes,
    transport_socket: yes,
    use_proxy_proto: yes,
    metadata: NOT_READ,
    transport_socket_connect_timeout: yes,
  }),
  support(FilterChainMatchSchema, {
    destination_port: yes,
    prefix_ranges: yes,
    server_names: yes,
    transport_protocol: only(["raw_buffer", "tls"]),
    application_protocols: yes,
    direct_source_prefix_ranges: yes,
    source_type: yes,
    source_prefix_ranges: yes,
    source_ports: yes,
  }),
  ...accessLogSupport,
  support(CidrRangeSchema, { address_prefix: yes, prefix_len: yes }),
  support(Listener_DeprecatedV1Schema, { bind_to_port: yes }),
  support(ListenerFilterSchema, { name: yes, typed_config: yes, filter_disabled: yes }),
  supportAll(ListenerFilterChainMatchPredicateSchema),
  supportAll(ListenerFilterChainMatchPredicate_MatchSetSchema),
  supportAll(Int32RangeSchema),
  support(FilterSchema, { name: yes, typed_config: yes }),
  support(TransportSocketSchema, { name: yes, typed_config: yes }),
];
