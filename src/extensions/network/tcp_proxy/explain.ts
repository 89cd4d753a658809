import type { ExplainSources, TcpExplanation } from "../../explanation.ts";
import type { TcpProxyData } from "./tcp-proxy-data.ts";

/** Where a connection would go. A cluster that another filter names is not found out. */
export function explainTcp({ clusters }: TcpProxyData, sources: ExplainSources): TcpExplanation {
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  const shares = clusters.map(({ name, weight }) => ({ name, share: total === 0 ? 0 : (weight / total) * 100 }));
  const name = clusters[0]?.name ?? "";
  const cluster = sources.cluster(name, clusters[0]?.metadataMatch ?? null);
  const answer =
    cluster === null
      ? { status: 0, flag: "NC", details: `there is no cluster ${name}` }
      : cluster.whyNone !== ""
        ? { status: 0, flag: "UH", details: `cluster ${name} ${cluster.whyNone}` }
        : null;
  return { kind: "tcp", clusters: shares, cluster, answer };
}
