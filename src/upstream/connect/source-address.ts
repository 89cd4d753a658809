import { isIP } from "node:net";

/** Where connections to hosts come from. Port 0 = any. Plain data. */
export interface SourceAddressData {
  readonly ip: string;
  readonly port: number;
}

/** What of a socket's options binds it, for a host at this IP: the first source of its kind, else the first. */
export interface BindOptions {
  readonly localAddress?: string;
  readonly localPort?: number;
}

/** See `BindOptions`. Source: Envoy's `DefaultUpstreamLocalAddressSelector`. */
export function bindOptions(ip: string, sources: readonly SourceAddressData[]): BindOptions {
  if (sources.length === 0) return {};
  const family = isIP(ip);
  const source = sources.find((each) => isIP(each.ip) === family) ?? sources[0]!;
  return { localAddress: source.ip, ...(source.port !== 0 && { localPort: source.port }) };
}
