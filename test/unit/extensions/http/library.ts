/** The `TypedExtensionConfig` of a compression library. */
export function library(kind: "compressor" | "decompressor", algorithm: string, fields: object = {}): object {
  const message = algorithm.slice(0, 1).toUpperCase() + algorithm.slice(1);
  const type = `type.googleapis.com/envoy.extensions.compression.${algorithm}.${kind}.v3.${message}`;
  return { name: "lib", typed_config: { "@type": type, ...fields } };
}
