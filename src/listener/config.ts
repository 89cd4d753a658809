import { compileAccessLogs } from "../access-log/config.ts";
import type { CompileContext, CompiledExtension } from "../config/compile-context.ts";
import type { ResourceCompiler } from "../config/compiler/compiler-table.ts";
import { durationMs } from "../config/duration-ms.ts";
import type { Place } from "../config/place.ts";
import { formatAddress } from "../net/address.ts";
import { TrafficDirection as TrafficDirectionCode } from "../proto/gen/envoy/config/core/v3/base_pb.js";
import type { Filter, FilterChain } from "../proto/gen/envoy/config/listener/v3/listener_components_pb.js";
import {
  type Listener,
  Listener_DrainType,
  type ListenerSchema,
} from "../proto/gen/envoy/config/listener/v3/listener_pb.js";
import { compileFilterChainMatch } from "./compile/filter-chain-match-config.ts";
import { addressText, compileListenerAddress } from "./compile/listener-address-config.ts";
import { compileListenerFilters } from "./compile/listener-filters-config.ts";
import { LISTENER_SUPPORT } from "./compile/listener-support.ts";
import { compileSocketOptions } from "./compile/socket-options-config.ts";
import { compileUdpListener, isUdp, refuseUdpSettings } from "./compile/udp-listener-config.ts";
import { FilterChainTable } from "./filter-chain/filter-chain-table.ts";
import type { FilterChainData, ListenerAddress, ListenerData, TrafficDirection } from "./listener-data.ts";
import type { SocketOptionsData } from "./socket-options.ts";

const DEFAULT_BUFFER_LIMIT_BYTES = 1024 * 1024;
/** Envoy takes what the kernel allows, which caps this. */
const DEFAULT_BACKLOG = 65_535;
const DEFAULT_LISTENER_FILTERS_TIMEOUT_MS = 15_000;
const RAW_BUFFER = "envoy.transport_sockets.raw_buffer";

/**
 * Compiles `envoy.config.listener.v3.Listener` to `ListenerData`. Differs from Envoy: a listener without a name is named after its
 * address and not by a random UUID, so that a reload knows it again.
 */
export const listenerCompiler: ResourceCompiler<typeof ListenerSchema> = {
  support: LISTENER_SUPPORT,
  name: (message) => message.name || addressText(message.address),
  compile: compileListener,
};

function compileListener(message: Listener, place: Place, context: CompileContext): ListenerData {
  const addresses = compileAddresses(message, place, context);
  const forUdp = isUdp(message);
  if (!forUdp) refuseUdpSettings(message, place, context);
  const exact = message.connectionBalanceConfig?.balanceType.case === "exactBalance";
  const reusePort = message.enableReusePort ?? true;
  return {
    name: listenerCompiler.name(message),
    statPrefix: message.statPrefix || (addresses[0] === undefined ? "" : formatAddress(addresses[0].address)),
    addresses,
    bindToPort: (message.bindToPort ?? true) && (message.deprecatedV1?.bindToPort ?? true),
    useOriginalDst: message.useOriginalDst ?? false,
    backlog: message.tcpBacklogSize ?? DEFAULT_BACKLOG,
    reusePort,
    balance: exact || !reusePort ? "exact" : "reusePort",
    bufferLimitBytes: message.perConnectionBufferLimitBytes ?? DEFAULT_BUFFER_LIMIT_BYTES,
    drainType: message.drainType === Listener_DrainType.MODIFY_ONLY ? "modifyOnly" : "default",
    trafficDirection: trafficDirection(message.trafficDirection),
    ignoreGlobalConnectionLimit: message.ignoreGlobalConnLimit,
    bypassOverloadManager: message.bypassOverloadManager,
    accessLogs: compileAccessLogs(message.accessLog, place.field("access_log"), context),
    listenerFilters: forUdp ? [] : compileListenerFilters(message, place, context),
    listenerFiltersTimeoutMs: durationMs(message.listenerFiltersTimeout, DEFAULT_LISTENER_FILTERS_TIMEOUT_MS),
    continueOnListenerFiltersTimeout: message.continueOnListenerFiltersTimeout,
    udp: forUdp ? compileUdpListener(message, place, context) : null,
    chains: forUdp ? [] : compileChains(message, place, context),
    defaultChain: forUdp ? null : compileDefaultChain(message, place, context),
  };
}

function compileAddresses(message: Listener, place: Place, context: CompileContext): ListenerAddress[] {
  const addresses: ListenerAddress[] = [];
  const add = (address: Listener["address"], at: Place, socketOptions: SocketOptionsData | null): void => {
    const compiled = compileListenerAddress(address, at, context);
    if (compiled === undefined) return;
    const isPipe = compiled.address.type === "pipe";
    if (isPipe && socketOptions !== null) context.warning(at, "socket_options have no effect on Unix-domain sockets");
    addresses.push(isPipe || socketOptions === null ? compiled : { ...compiled, socketOptions });
  };
  const all = compileSocketOptions(message.socketOptions, place.field("socket_options"), context);
  add(message.address, place.field("address"), all);
  for (const [index, { address, socketOptions: own }] of message.additionalAddresses.entries()) {
    const at = place.field("additional_addresses").index(index);
    const ownPlace = at.field("socket_options").field("socket_options");
    add(address, at.field("address"), own ? compileSocketOptions(own.socketOptions, ownPlace, context) : all);
  }
  return addresses;
}

function compileChains(message: Listener, place: Place, context: CompileContext): FilterChainData[] {
  const at = place.field("filter_chains");
  if (message.filterChains.length === 0 && message.defaultFilterChain === undefined) {
    context.error(at, "a listener needs a filter chain", "add one to filter_chains, or a default_filter_chain");
  }
  const chains: FilterChainData[] = [];
  const table = new FilterChainTable<number>();
  for (const [index, chain] of message.filterChains.entries()) {
    const compiled = compileChain(chain, at.index(index), context);
    // Its conditions have been refused by name. If that is only a warning, the chain must not take everybody's connections.
    const conditions = chain.filterChainMatch;
    if (conditions?.suffixLen !== undefined || (conditions?.addressSuffix ?? "") !== "") continue;
    const other = table.add(compiled.match, index);
    if (other !== null) {
      const message = `takes connections that filter_chains[${other}] takes, too: their filter_chain_match is the same or overlaps`;
      context.error(at.index(index), message, "make them differ in filter_chain_match, or keep one of them");
    }
    chains.push(compiled);
  }
  return chains;
}

function compileDefaultChain(message: Listener, place: Place, context: CompileContext): FilterChainData | null {
  if (message.defaultFilterChain === undefined) return null;
  return compileChain(message.defaultFilterChain, place.field("default_filter_chain"), context);
}

function compileChain(chain: FilterChain, place: Place, context: CompileContext): FilterChainData {
  return {
    name: chain.name,
    match: compileFilterChainMatch(chain.filterChainMatch, place.field("filter_chain_match"), context),
    filters: compileFilters(chain.filters, place.field("filters"), context),
    transportSocket: compileTransportSocket(chain, place, context),
    transportSocketConnectTimeoutMs: durationMs(chain.transportSocketConnectTimeout, 0),
  };
}

function compileFilters(filters: readonly Filter[], place: Place, context: CompileContext): CompiledExtension[] {
  const compiled: CompiledExtension[] = [];
  if (filters.length === 0) context.warning(place, "a chain without filters closes its connections at once");
  for (const [index, { name, configType }] of filters.entries()) {
    const at = place.index(index);
    const typedConfig = configType.case === "typedConfig" ? configType.value : undefined;
    const filter = context.extension("envoy.filters.network", { name, typedConfig }, at);
    if (filter === undefined) continue;
    const isLast = index === filters.length - 1;
    if (filter.terminal === true && !isLast) {
      context.error(at, `nothing can follow ${filter.extension}: it ends its filter chain`, "move it to the end");
    } else if (filter.terminal !== true && isLast) {
      context.error(
        at,
        `${filter.extension} can't be the last filter: it passes connections on`,
        "end the chain with http_connection_manager or tcp_proxy",
      );
    }
    compiled.push(filter);
  }
  return compiled;
}

function compileTransportSocket(chain: FilterChain, place: Place, context: CompileContext): CompiledExtension | null {
  const { transportSocket } = chain;
  if (transportSocket === undefined) return null;
  const config = {
    name: transportSocket.name,
    typedConfig: transportSocket.configType.case === "typedConfig" ? transportSocket.configType.value : undefined,
  };
  const compiled = context.extension("envoy.transport_sockets.downstream", config, place.field("transport_socket"));
  return compiled === undefined || compiled.extension === RAW_BUFFER ? null : compiled;
}

function trafficDirection(code: TrafficDirectionCode): TrafficDirection {
  if (code === TrafficDirectionCode.INBOUND) return "inbound";
  return code === TrafficDirectionCode.OUTBOUND ? "outbound" : "unspecified";
}
