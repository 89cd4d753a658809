import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  ProxyProtocolConfig_Version,
  ProxyProtocolConfigSchema,
  ProxyProtocolPassThroughTLVsSchema,
} from "../../proto/gen/envoy/config/core/v3/proxy_protocol_pb.js";
import {
  type RouteAction_UpgradeConfig,
  type RouteAction_UpgradeConfig_ConnectConfig,
  RouteAction_UpgradeConfig_ConnectConfigSchema,
  RouteAction_UpgradeConfigSchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { ConnectData } from "../connect-data.ts";
import { compilePassThroughTlvs } from "./pass-through-tlvs.ts";

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
  if (proxyProtocolConfig === undefined) return { allowPost, proxyProtocol: 0, passThroughTlvs: [] };
  const { version, passThroughTlvs } = proxyProtocolConfig;
  return {
    allowPost,
    proxyProtocol: version === ProxyProtocolConfig_Version.V2 ? 2 : 1,
    passThroughTlvs: compilePassThroughTlvs(passThroughTlvs),
  };
}

/** Which fields of the messages compiled here are implemented. */
export const upgradesSupport: readonly MessageSupport[] = [
  supportAll(RouteAction_UpgradeConfigSchema),
  supportAll(RouteAction_UpgradeConfig_ConnectConfigSchema),
  supportAll(ProxyProtocolConfigSchema),
  supportAll(ProxyProtocolPassThroughTLVsSchema),
];
