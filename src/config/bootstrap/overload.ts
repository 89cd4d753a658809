import {
  type OverloadManager,
  OverloadManagerSchema,
  ResourceMonitorSchema,
} from "../../proto/gen/envoy/config/overload/v3/overload_pb.js";
import type { CompileContext } from "../compile-context.ts";
import { type MessageSupport, noEffect, support, yes } from "../field-support.ts";
import type { Place } from "../place.ts";
import { DOWNSTREAM_CONNECTIONS_MONITOR, type OverloadData } from "./overload-data.ts";

/** Which settings of the overload manager are implemented. Actions and load shed points are refused. */
export const OVERLOAD_SUPPORT: readonly MessageSupport[] = [
  support(OverloadManagerSchema, {
    refresh_interval: noEffect("connections are counted when they come and go, and no other monitor is known"),
    resource_monitors: yes,
  }),
  support(ResourceMonitorSchema, { name: yes, typed_config: yes }),
];

/** Compiles `overload_manager`; null without one. */
export function compileOverload(
  message: OverloadManager | undefined,
  place: Place,
  context: Pick<CompileContext, "error" | "extension">,
): OverloadData | null {
  if (message === undefined) return null;
  let maxDownstreamConnections: number | null = null;
  for (const [index, { name, configType }] of message.resourceMonitors.entries()) {
    const at = place.field("resource_monitors").index(index);
    const monitor = context.extension("envoy.resource_monitors", { name, typedConfig: configType.value }, at);
    if (monitor?.extension !== DOWNSTREAM_CONNECTIONS_MONITOR) continue;
    if (maxDownstreamConnections !== null) context.error(at, `${monitor.extension} is there twice`);
    maxDownstreamConnections = monitor.data as number;
  }
  return { maxDownstreamConnections };
}
