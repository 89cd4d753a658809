import { isIP } from "node:net";
import type { RequestHeaderMap } from "../../http/header-map.ts";
import type { DownstreamConnectionInfo } from "../../net/downstream-connection-info.ts";
import { cameWithHeader, tlvsOfConnection } from "../../net/proxy-protocol/passed-tlvs.ts";
import type { ToldConnection } from "../../net/transport-socket.ts";
import { hostPortStart } from "../../route/host-port.ts";

/** What the server's name of an upstream TLS connection follows: `auto_sni`, `auto_san_validation`, `override_auto_sni_header`. Plain data. */
export interface AutoTlsData {
  readonly sni: boolean;
  readonly sanValidation: boolean;
  /** In place of `host`, where the request has it; lower case, `""` = always `host`. */
  readonly overrideHeader: string;
}

/** By what the connections of a cluster are kept apart, beside host and protocol. */
export interface WishSettings {
  readonly autoTls: AutoTlsData | null;
  readonly perDownstreamConnection: boolean;
  /** Connections say at their beginning from whom to whom the client's connection goes. */
  readonly tellsAddresses: boolean;
}

/**
 * What a request wants of the connection that carries it. Connections with equal keys are alike. Source: Envoy's
 * `TransportSocketOptions` and the hash key of its pools.
 */
export interface ConnectionWishes {
  readonly key: string;
  /** For SNI; `""` = as configured. */
  readonly serverName: string;
  /** The name that the server's certificate must have; `""` = as configured. */
  readonly subjectAltName: string;
  /** The client's connection; null where nobody is told. */
  readonly addresses: ToldConnection | null;
}

/** The wishes of a request (or, without headers, of a TCP connection); null if it has none. `downstream` null: the request is the proxy's own. */
export function connectionWishes(
  settings: WishSettings | null,
  downstream: DownstreamConnectionInfo | null,
  headers: RequestHeaderMap | null,
  hidesAddresses = false,
): ConnectionWishes | null {
  if (settings === null) return null;
  const { autoTls, perDownstreamConnection, tellsAddresses } = settings;
  const name = autoTls === null || headers === null ? "" : nameOf(headers, autoTls.overrideHeader);
  const serverName = autoTls?.sni === true && isIP(unbracketed(name)) === 0 ? name : "";
  const subjectAltName = autoTls?.sanValidation === true ? unbracketed(name) : "";
  const addresses = tellsAddresses && downstream !== null ? toldOf(downstream, hidesAddresses) : null;
  const connection = perDownstreamConnection && downstream !== null ? downstream.connectionId : "";
  if (serverName === "" && subjectAltName === "" && addresses === null && connection === "") return null;
  const key = `${serverName}\n${subjectAltName}\n${addresses === null ? "" : keyOf(addresses)}\n${connection}`;
  return { key, serverName, subjectAltName, addresses };
}

function toldOf(downstream: DownstreamConnectionInfo, hidesAddresses: boolean): ToldConnection | null {
  if (hidesAddresses && !cameWithHeader(downstream)) return null;
  const { remoteAddress: source, localAddress: destination } = downstream;
  return { source, destination, tlvs: tlvsOfConnection(downstream) };
}

/** Nobody's connection begins with what another one's client has said. */
function keyOf({ source, destination, tlvs }: ToldConnection): string {
  const key = `${source}\n${destination}`;
  return tlvs.length === 0
    ? key
    : `${key}\n${tlvs.map(({ type, value }) => `${type}=${value.toString("hex")}`).join()}`;
}

function nameOf(headers: RequestHeaderMap, overrideHeader: string): string {
  const authority = (overrideHeader === "" ? undefined : headers.get(overrideHeader)) || headers.authority;
  const port = hostPortStart(authority);
  return port === -1 ? authority : authority.slice(0, port);
}

function unbracketed(name: string): string {
  return name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
}
