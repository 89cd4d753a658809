import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ClusterConfigSchema } from "../../../proto/gen/envoy/extensions/clusters/aggregate/v3/cluster_pb.js";

/** A cluster that uses the hosts of others. Its data is their names, in the order of their priority. */
export const aggregateClusterConfig = extensionConfig({
  name: "envoy.clusters.aggregate",
  categories: ["envoy.clusters"],
  schema: ClusterConfigSchema,
  support: [supportAll(ClusterConfigSchema)],
  configRequired: true,
  compile(message, place, context): readonly string[] {
    const list = place.field("clusters");
    for (const [at, name] of message.clusters.entries()) {
      if (message.clusters.indexOf(name) !== at)
        context.error(list.index(at), `${JSON.stringify(name)} is named twice`);
      else context.requireResource("cluster", name, list.index(at), "aggregate");
    }
    return message.clusters;
  },
});
