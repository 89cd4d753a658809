import { SystemRandom } from "../../src/base/random.ts";
import type { LbHost } from "../../src/lb/lb-host.ts";
import { LeastRequest } from "../../src/lb/least-request.ts";
import type { HostPickerFactory } from "../../src/lb/load-balancer.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../src/lb/load-balancer-context.ts";
import { PriorityLoadBalancer } from "../../src/lb/priority-load-balancer.ts";
import { RandomPick } from "../../src/lb/random-pick.ts";
import { RoundRobin } from "../../src/lb/round-robin.ts";
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

function host(at: number, weighted: boolean): LbHost {
  return {
    addressText: `10.0.${at >> 8}.${at & 255}:80`,
    hostname: "",
    weight: weighted ? 1 + (at % 10) : 1,
    priority: 0,
    locality: { region: "", zone: "", subZone: "" },
    localityWeight: 0,
    health: "healthy",
    metadata: NO_METADATA,
    activeRequests: at % 5,
  };
}

let kept = 0;
for (const { name, weighted, picker } of policies) {
  for (const count of [3, 100, 10_000]) {
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
console.log(kept > 0 ? "" : "nothing was chosen");
