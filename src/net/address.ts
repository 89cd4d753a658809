/** A place to connect or listen to: a TCP address or a Unix-domain socket. Plain data. */
export type Address =
  | { readonly type: "ip"; readonly ip: string; readonly port: number }
  /** `path` beginning with `@` is in Linux's abstract namespace. `mode` are the file's permission bits, 0 = umask. */
  | { readonly type: "pipe"; readonly path: string; readonly mode: number };

/** An IP address with a port. */
export type IpAddress = Extract<Address, { readonly type: "ip" }>;

/** `1.2.3.4:80`, `[::1]:80` or the path, as Envoy prints addresses. */
export function formatAddress(address: Address): string {
  return address.type === "ip" ? formatIpPort(address.ip, address.port) : address.path;
}

/** `1.2.3.4:80` or `[::1]:80`. */
export function formatIpPort(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** One end of a socket, as Node.js says it; `""` where that is not known, as on a Unix-domain socket. On a socket for both families, IPv4 is IPv4. */
export function formatSocketEnd(ip: string | undefined, port: number | undefined): string {
  if (ip === undefined || port === undefined) return "";
  return formatIpPort(ip.startsWith("::ffff:") ? ip.slice(7) : ip, port);
}

/** The IP of what `formatIpPort` made, without brackets; the whole text if it is no such thing (a path). */
export function ipOfAddress(text: string): string {
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    return end === -1 ? text : text.slice(1, end);
  }
  const colon = text.lastIndexOf(":");
  return colon === -1 ? text : text.slice(0, colon);
}
