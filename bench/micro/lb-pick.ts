import { SystemRandom } from "../../src/base/random.ts";
import type { Uint64 } from "../../src/base/uint64.ts";
import { xxHash64 } from "../../src/base/xx-hash64.ts";
import { HashLoadBalancer } from "../../src/lb/hash/hash-load-balancer.ts";
import { HashRing } from "../../src/lb/hash/hash-ring.ts";
import { MaglevTable } from "../../src/lb/hash/maglev-table.ts";
import { packRecipe } from "../../src/lb/hash/packed-recipe.ts";
import { type MakePicker, tableFactory } from "../../src/lb/hash/shared-table.ts";
import type { TablePolicy } from "../../src/lb/hash/table-policy.ts";
import { orderTable } from "../../src/lb/hash/table-recipe.ts";
import type { LbHost } from "../../src/lb/lb-host.ts";
import { LeastRequest } from "../../src/lb/least-request.ts";
import type { HostPickerFactory } from "../../src/lb/load-balancer.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../src/lb/load-balancer-context.ts";
import { PriorityLoadBalancer } from "../../src/lb/priority-load-balancer.ts";
import { RandomPick } from "../../src/lb/random-pick.ts";
import { RoundRobin } from "../../src/lb/round-robin.ts";
import { weightedHosts } from "../../src/lb/weighted-hosts.ts";
import { printNanoseconds } from "./nanoseconds.ts";

/** What one choice of a host costs, by policy and number of hosts, and how much garbage it leaves. */
const random = new SystemRandom();
const policies: readonly {
  readonly name: string;
  readonly weighted: boolean;
  readonly picker: HostPickerFactory<LbHost>;
}[] = [
  { name: "round robin, equal weights", weighted: false, picker: (hosts) => new RoundRobin(hosts, random) },
  { name: "round robin, weighted (EDF)", weighted: true, picker: (hosts) => new RoundRobin(hosts, random) },
  {
    name: "least request, two choices",
    weighted: false,
    picker: (hosts) => new LeastRequest(hosts, random, { choiceCount: 2, activeRequestBias: 1, fullScan: false }),
  },
  { name: "random", weighted: false, picker: (hosts) => new RandomPick(hosts, random) },
];

const NO_METADATA = new Map();
const KEYS = Array.from({ length: 1024 }, (_, at) => `session-${at}-${(at * 2_654_435_761) >>> 0}`);

function host(at: number, weighted: boolean): LbHost {
  return {
    addressText: `10.0.${at >> 8}.${at & 255}:80`,
    hostname: "",
    weight: weighted ? 1 + (at % 10) : 1,
    priority: 0,
    locality: { region: "", zone: "", subZone: "" },
    localityWeight: 0,
    health: "healthy",
    excluded: false,
    metadata: NO_METADATA,
    activeRequests: at % 5,
  };
}

let kept = 0;
for (const { name, weighted, picker } of policies) {
  for (const count of [10, 10_000]) {
    const balancer = new PriorityLoadBalancer<LbHost>({
      panicThresholdPercent: 50,
      overprovisioningFactorPercent: 140,
      failTrafficOnPanic: false,
      random,
      picker,
      healthyPanic: { inc: () => {}, add: () => {} },
    });
    balancer.update(Array.from({ length: count }, (_, at) => host(at, weighted)));
    const choose = (times: number): void => {
      for (let at = 0; at < times; at++) kept += balancer.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!.weight;
    };
    printNanoseconds(`${name}, ${count} hosts`, choose);
    const before = process.memoryUsage().heapUsed;
    choose(100_000);
    const bytes = (process.memoryUsage().heapUsed - before) / 100_000;
    if (bytes > 1) console.log(`  ${bytes.toFixed(1)} bytes per pick`);
  }
}

/** Hashing policies: a pick by a hash, and an update of the hosts with the first pick after it, which builds the table. */
const gauge = { inc: () => {}, dec: () => {}, add: () => {}, sub: () => {}, set: () => {} };
const makePicker: MakePicker<LbHost> = (hosts, table) =>
  table.type === "maglev"
    ? new MaglevTable(hosts, table.entries, { minEntriesPerHost: gauge, maxEntriesPerHost: gauge })
    : new HashRing(hosts, table.entries, { size: gauge, minHashesPerHost: gauge, maxHashesPerHost: gauge });
const ring = { minRingSize: 1024, maxRingSize: 8_388_608, hashFunction: "xxHash", useHostname: false } as const;
const policiesByTable: readonly { readonly name: string; readonly policy: TablePolicy }[] = [
  { name: "ring hash", policy: { type: "ringHash", ring } },
  { name: "Maglev", policy: { type: "maglev", table: { tableSize: 65_537, useHostname: false } } },
];
let hashed = 0;
const hashing = {
  ...PLAIN_LOAD_BALANCER_CONTEXT,
  computeHashKey: (into: Uint64): boolean => {
    xxHash64(KEYS[hashed++ & (KEYS.length - 1)]!, into.set(0, 0));
    return true;
  },
};
for (const { name, policy } of policiesByTable) {
  for (const count of [10, 10_000]) {
    const balancer = new HashLoadBalancer<LbHost>({
      panicThresholdPercent: 50,
      overprovisioningFactorPercent: 140,
      localityWeights: null,
      random,
      table: tableFactory(policy, makePicker, null),
      healthyPanic: { inc: () => {}, add: () => {} },
    });
    const hosts = Array.from({ length: count }, (_, at) => host(at, false));
    balancer.update(hosts);
    const choose = (times: number): void => {
      for (let at = 0; at < times; at++) kept += balancer.chooseHost(hashing)!.weight;
    };
    printNanoseconds(`${name}, hashing a key and picking, ${count} hosts`, choose);
    const before = process.memoryUsage().heapUsed;
    choose(100_000);
    const bytes = (process.memoryUsage().heapUsed - before) / 100_000;
    if (bytes > 1) console.log(`  ${bytes.toFixed(1)} bytes per pick`);
    const started = performance.now();
    for (let round = 0; round < 10; round++) {
      balancer.update(hosts);
      choose(1);
    }
    console.log(`  ${((performance.now() - started) / 10).toFixed(1)} ms for an update and its table`);
    const ordered = performance.now();
    for (let round = 0; round < 10; round++) packRecipe(orderTable(weightedHosts(hosts, null), policy).recipe);
    const askMs = ((performance.now() - ordered) / 10).toFixed(1);
    console.log(`  ${askMs} ms of the worker's time if the table is built elsewhere`);
  }
}
console.log(kept > 0 ? "" : "nothing was chosen");
