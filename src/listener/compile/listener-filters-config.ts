import type { CompileContext, CompiledExtension } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { ListenerFilterChainMatchPredicate } from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.js";
import type { Listener } from "../../proto/gen/envoy/config/listener/v3/listener_pb.js";
import type { ListenerFilterData } from "../listener-data.ts";
import type { ListenerFilterPredicate } from "../listener-filter-predicate.ts";

const TLS_INSPECTOR = "envoy.filters.listener.tls_inspector";
const PROXY_PROTOCOL = "envoy.filters.listener.proxy_protocol";

/**
 * Compiles the listener filters. A TLS inspector that filter chains need is added where it is missing, as Envoy does, with a warning;
 * and the PROXY protocol filter for the deprecated `use_proxy_proto`.
 */
export function compileListenerFilters(message: Listener, place: Place, context: CompileContext): ListenerFilterData[] {
  const at = place.field("listener_filters");
  const filters: ListenerFilterData[] = [];
  for (const [index, { name, configType, filterDisabled }] of message.listenerFilters.entries()) {
    const typedConfig = configType.case === "typedConfig" ? configType.value : undefined;
    const filter = context.extension("envoy.filters.listener", { name, typedConfig }, at.index(index));
    if (filter === undefined) continue;
    filters.push({ filter, disabled: filterDisabled === undefined ? null : compilePredicate(filterDisabled) });
  }
  const has = (extension: string) => filters.some(({ filter }) => filter.extension === extension);
  const add = (extension: string): CompiledExtension | undefined =>
    context.extension("envoy.filters.listener", { name: extension, typedConfig: undefined }, at);
  if (message.filterChains.some((chain) => chain.useProxyProto === true) && !has(PROXY_PROTOCOL)) {
    const filter = add(PROXY_PROTOCOL);
    if (filter !== undefined) filters.unshift({ filter, disabled: null });
  }
  if (needsTlsInspector(message) && !has(TLS_INSPECTOR)) {
    context.warning(at, `filter chains ask what a TLS client says first: ${TLS_INSPECTOR} is added`);
    const filter = add(TLS_INSPECTOR);
    if (filter !== undefined) filters.push({ filter, disabled: null });
  }
  checkOriginalDestination(message, has(PROXY_PROTOCOL), place, context);
  return filters;
}

/** Source: Envoy asks for it unless the chain is for plain bytes. */
function needsTlsInspector({ filterChains }: Listener): boolean {
  return filterChains.some(({ filterChainMatch: match }) => {
    if (match === undefined) return false;
    if (match.transportProtocol !== "") return match.transportProtocol === "tls";
    return match.serverNames.length > 0 || match.applicationProtocols.length > 0;
  });
}

function checkOriginalDestination(
  message: Listener,
  hasProxyProtocol: boolean,
  place: Place,
  context: CompileContext,
): void {
  if (message.useOriginalDst !== true || hasProxyProtocol) return;
  context.unsupported(
    place.field("use_original_dst"),
    "where a redirected connection was meant to go can't be known: Node.js has no way to ask a socket for SO_ORIGINAL_DST",
    `with ${PROXY_PROTOCOL} the header says it`,
  );
}

function compilePredicate({ rule }: ListenerFilterChainMatchPredicate): ListenerFilterPredicate {
  switch (rule.case) {
    case "orMatch":
      return { type: "or", rules: rule.value.rules.map(compilePredicate) };
    case "andMatch":
      return { type: "and", rules: rule.value.rules.map(compilePredicate) };
    case "notMatch":
      return { type: "not", rule: compilePredicate(rule.value) };
    case "destinationPortRange":
      return { type: "ports", start: rule.value.start, end: rule.value.end };
    default:
      return { type: "any" };
  }
}
