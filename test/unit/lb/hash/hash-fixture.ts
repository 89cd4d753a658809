import { BoundedLoad } from "../../../../src/lb/hash/bounded-load.ts";
import { buildTable } from "../../../../src/lb/hash/build-table.ts";
import { HashLoadBalancer } from "../../../../src/lb/hash/hash-load-balancer.ts";
import type { HashPicker } from "../../../../src/lb/hash/hash-picker.ts";
import { HashRing } from "../../../../src/lb/hash/hash-ring.ts";
import { MaglevTable } from "../../../../src/lb/hash/maglev-table.ts";
import type { HashRingSettings, MaglevSettings, TablePolicy } from "../../../../src/lb/hash/table-policy.ts";
import { orderTable } from "../../../../src/lb/hash/table-recipe.ts";
import type { LbHost } from "../../../../src/lb/lb-host.ts";
import { CONFIGURED_LOCALITY_WEIGHTS } from "../../../../src/lb/locality-weights.ts";
import type { WeightedHosts } from "../../../../src/lb/weighted-hosts.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";
import { hashContext, lbHost, SeededRandom } from "../lb-fixture.ts";

/** Which table a test balances with, and how. */
export interface HashSetting {
  readonly ring?: Partial<HashRingSettings>;
  readonly maglev?: Partial<MaglevSettings>;
  readonly byLocality?: boolean;
  readonly balanceFactorPercent?: number;
}

/** Hosts on 127.0.0.1 with these ports, as in Envoy's tests. */
export function hostsOnPorts(ports: readonly number[], traits: (at: number) => Partial<LbHost> = () => ({})): LbHost[] {
  return ports.map((port, at) => lbHost(`127.0.0.1:${port}`, traits(at)));
}

/** The policy of a setting, with Envoy's defaults. */
export function policyOf({ ring, maglev }: HashSetting): TablePolicy {
  if (maglev !== undefined) return { type: "maglev", table: { tableSize: 65_537, useHostname: false, ...maglev } };
  const defaults = { minRingSize: 1024, maxRingSize: 8_388_608, hashFunction: "xxHash", useHostname: false } as const;
  return { type: "ringHash", ring: { ...defaults, ...ring } };
}

/** A hash load balancer over `hosts`, with what a test asks of it. */
export function hashBalancer(hosts: readonly LbHost[], setting: HashSetting) {
  const stats = new RecordingStats();
  const gauges = (prefix: string) => (name: string) => stats.scope(prefix).gauge(name);
  const ringGauge = gauges("ring_hash_lb");
  const maglevGauge = gauges("maglev_lb");
  const table = (weighted: WeightedHosts<LbHost>): HashPicker<LbHost> => {
    const { hosts, recipe } = orderTable(weighted, policyOf(setting));
    const built = buildTable(recipe);
    const picker =
      built.type === "maglev"
        ? new MaglevTable(hosts, built.entries, {
            minEntriesPerHost: maglevGauge("min_entries_per_host"),
            maxEntriesPerHost: maglevGauge("max_entries_per_host"),
          })
        : new HashRing(hosts, built.entries, {
            size: ringGauge("size"),
            minHashesPerHost: ringGauge("min_hashes_per_host"),
            maxHashesPerHost: ringGauge("max_hashes_per_host"),
          });
    const factor = setting.balanceFactorPercent ?? 0;
    return factor === 0 ? picker : new BoundedLoad(picker, weighted, factor);
  };
  const lb = new HashLoadBalancer<LbHost>({
    panicThresholdPercent: 50,
    overprovisioningFactorPercent: 140,
    table,
    localityWeights: setting.byLocality === true ? CONFIGURED_LOCALITY_WEIGHTS : null,
    random: new SeededRandom(),
    healthyPanic: stats.counter("lb_healthy_panic"),
  });
  lb.update(hosts);
  const pick = (hash: bigint | null): string => lb.chooseHost(hashContext(hash))?.addressText ?? "none";
  return { lb, stats, pick };
}
