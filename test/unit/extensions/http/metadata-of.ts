import type { Proxied } from "../proxied.ts";

/** The dynamic metadata of one namespace that the access log saw of the stream number `at`. */
export async function metadataOf(proxied: Proxied, namespace: string, at = 0): Promise<object> {
  await proxied.logged(at + 1);
  return JSON.parse(JSON.stringify(proxied.path.logged[at]!.info.dynamicMetadata?.get(namespace) ?? {}));
}
