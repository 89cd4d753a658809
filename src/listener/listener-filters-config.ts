import type { CompileContext, CompiledExtension } from "../config/compile-context.ts";
import type { Place } from "../config/place.ts";
import type { Listener } from "../proto/gen/envoy/config/listener/v3/listener_pb.js";

const TLS_INSPECTOR = "envoy.filters.listener.tls_inspector";

/**
 * Compiles the listener filters. A TLS inspector that filter chains need is added where it is missing, as Envoy does, with a warning.
 */
export function compileListenerFilters(message: Listener, place: Place, context: CompileContext): CompiledExtension[] {
  const at = place.field("listener_filters");
  const filters: CompiledExtension[] = [];
  for (const [index, { name, configType }] of message.listenerFilters.entries()) {
    const typedConfig = configType.case === "typedConfig" ? configType.value : undefined;
    const filter = context.extension("envoy.filters.listener", { name, typedConfig }, at.index(index));
    if (filter !== undefined) filters.push(filter);
  }
  if (!needsTlsInspector(message) || filters.some(({ extension }) => extension === TLS_INSPECTOR)) return filters;
  context.warning(at, `filter chains ask what a TLS client says first: ${TLS_INSPECTOR} is added`);
  const added = context.extension("envoy.filters.listener", { name: TLS_INSPECTOR, typedConfig: undefined }, at);
  return added === undefined ? filters : [...filters, added];
}

function needsTlsInspector({ filterChains }: Listener): boolean {
  return filterChains.some(({ filterChainMatch: match }) => {
    if (match === undefined) return false;
    return match.serverNames.length > 0 || match.applicationProtocols.length > 0 || match.transportProtocol === "tls";
  });
}
