import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, notYet, support, supportAll, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  ProxyProtocolConfig_Version,
  ProxyProtocolConfigSchema,
} from "../../proto/gen/envoy/config/core/v3/proxy_protocol_pb.js";
import {
  type RouteAction_UpgradeConfig,
  type RouteAction_UpgradeConfig_ConnectConfig,
  RouteAction_UpgradeConfig_ConnectConfigSchema,
  RouteAction_UpgradeConfigSchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { ConnectData } from "../connect-data.ts";

/** What a route says about requests that switch protocols. */
export interface UpgradesData {
  /** By type, lower case. */
  readonly upgrades: readonly (readonly [upgradeType: string, enabled: boolean])[];
  /** Null = CONNECT is passed on as it is. */
  readonly connect: ConnectData | null;
}

/** Envoy's `RouteAction.upgrade_configs`. */
export function compileUpgrades(
  configs: readonly RouteAction_UpgradeConfig[],
  place: Place,
  context: CompileContext,
): UpgradesData {
  const upgrades = new Map<string, boolean>();
  let connect: ConnectData | null = null;
  for (const [i, { upgradeType, enabled, connectConfig }] of configs.entries()) {
    const at = place.index(i);
    const name = upgradeType.toLowerCase();
    if (upgrades.has(name)) context.error(at.field("upgrade_type"), `"${upgradeType}" stands here twice`);
    upgrades.set(name, enabled ?? true);
    if (connectConfig === undefined) continue;
    if (name === "connect") connect = compileConnect(connectConfig);
    else context.error(at.field("connect_config"), `is for CONNECT, not for "${upgradeType}"`);
  }
  return { upgrades: [...upgrades], connect };
}

function compileConnect({ allowPost, proxyProtocolConfig }: RouteAction_UpgradeConfig_ConnectConfig): ConnectData {
  if (proxyProtocolConfig === undefined) return { allowPost, proxyProtocol: 0 };
  return { allowPost, proxyProtocol: proxyProtocolConfig.version === ProxyProtocolConfig_Version.V2 ? 2 : 1 };
}

/** Which fields of the messages compiled here are implemented. */
export const upgradesSupport: readonly MessageSupport[] = [
  supportAll(RouteAction_UpgradeConfigSchema),
  supportAll(RouteAction_UpgradeConfig_ConnectConfigSchema),
  support(ProxyProtocolConfigSchema, {
    version: yes,
    pass_through_tlvs: notYet("what clients say in such headers is not kept"),
  }),
];
