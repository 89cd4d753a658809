import { hash } from "node:crypto";
import { Packr } from "msgpackr";

/** No shared structures and no string bundles: each resource must be readable on its own, and equal data gives equal bytes. */
const packr = new Packr({ useRecords: false, bundleStrings: false });

/**
 * Encodes a resource's data for the workers. The bytes are a copy of their own: msgpackr's result shares a pool. Objects come
 * back with the same keys in the same order, except that `__proto__` is renamed; Maps come back as objects.
 */
export function packResource(data: unknown): Uint8Array {
  return new Uint8Array(packr.pack(data));
}

/** The data that `packResource` encoded. */
export function unpackResource(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

/** Names the content of packed data: equal for equal data, different for different data. */
export function contentHash(bytes: Uint8Array): string {
  return hash("sha256", bytes, "base64url").slice(0, 22);
}
