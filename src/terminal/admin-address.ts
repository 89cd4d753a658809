import { CommandFailure } from "./command-failure.ts";

/** Where an admin interface listens. */
export type AdminAddress =
  | { readonly type: "ip"; readonly host: string; readonly port: number }
  | { readonly type: "pipe"; readonly path: string };

/** Where Envoy's and Troupe's examples put it. */
export const DEFAULT_ADMIN = "127.0.0.1:9901";

/**
 * Understands what `--admin` and the address file say: `HOST:PORT`, `[IPV6]:PORT`, a port alone, `http://HOST:PORT/`, or the path of a
 * Unix-domain socket, with `@` for an abstract one, or `unix:PATH` for a path of any form. Throws `CommandFailure`.
 */
export function parseAdminAddress(text: string): AdminAddress {
  if (/^unix:./.test(text)) return { type: "pipe", path: text.slice("unix:".length) };
  if (text.startsWith("/") || text.startsWith("@") || text.startsWith("./")) return { type: "pipe", path: text };
  const bare = text.replace(/^http:\/\//, "").replace(/\/$/, "");
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^[\]:/\s]+)):)?(\d{1,5})$/.exec(bare);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new CommandFailure(`"${text}" is no admin address; give HOST:PORT, or unix:PATH for a Unix-domain socket`);
  }
  return { type: "ip", host: match[1] ?? match[2] ?? "127.0.0.1", port };
}

/** The address as it is shown. */
export function showAdminAddress(address: AdminAddress): string {
  if (address.type === "pipe") return address.path;
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
