import type { LoadBalancer } from "../lb/load-balancer.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../lb/load-balancer-context.ts";
import { SubsetLoadBalancer, type SubsetStats } from "../lb/subset-load-balancer.ts";
import type { SubsetSettings } from "../lb/subset-settings.ts";
import type { Host } from "./host.ts";

const NOTHING = { inc(): void {}, dec(): void {}, add(): void {}, sub(): void {}, set(): void {} };
const NO_STATS: SubsetStats = {
  active: NOTHING,
  created: NOTHING,
  removed: NOTHING,
  selected: NOTHING,
  fallback: NOTHING,
  fallbackPanic: NOTHING,
  singleHostDuplicate: NOTHING,
};

/** The hosts among which one is chosen for a request with these criteria, whatever their health. For people who ask: sorts all hosts. */
export function subsetCandidates(
  hosts: readonly Host[],
  settings: SubsetSettings,
  metadataMatch: Readonly<Record<string, unknown>> | null,
): readonly Host[] {
  let asked: readonly Host[] | undefined;
  // Stands where each subset's own load balancer would be: whose hosts are looked at last, is the one.
  const create = (): LoadBalancer<Host> => {
    let own: readonly Host[] = [];
    return {
      chooseHost: () => {
        asked = own;
        return own[0] ?? null;
      },
      update: (hosts) => {
        own = hosts;
      },
    };
  };
  const balancer = new SubsetLoadBalancer<Host>(settings, NO_STATS, create);
  balancer.update(hosts);
  const chosen = balancer.chooseHost({ ...PLAIN_LOAD_BALANCER_CONTEXT, metadataMatch });
  return asked ?? (chosen === null ? [] : [chosen]);
}
