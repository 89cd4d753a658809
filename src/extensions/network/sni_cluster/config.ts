import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { SniClusterSchema } from "../../../proto/gen/envoy/extensions/filters/network/sni_cluster/v3/sni_cluster_pb.js";

/** `envoy.filters.network.sni_cluster`, main side. */
export const sniClusterConfig = extensionConfig({
  name: "envoy.filters.network.sni_cluster",
  categories: ["envoy.filters.network"],
  schema: SniClusterSchema,
  support: [supportAll(SniClusterSchema)],
  compile: () => null,
});
