import type { HostSet } from "../../src/upstream/membership/host-set.ts";
import type { OutlierDetector } from "../../src/upstream/outlier/outlier-detector.ts";
import type { OutlierStatus } from "./protocol.ts";

const MAX_EJECTIONS = 100;
const MAX_RATES = 10_000;

/** What a detector knows, for people. */
export function outlierStatus(detector: OutlierDetector, hosts: HostSet): OutlierStatus {
  const { external, local } = detector.thresholds;
  const successRates: [string, number, number][] = [];
  for (const address of hosts.members.keys()) {
    const rates = detector.ratesOf(address);
    if (rates.external === -1 && rates.local === -1) continue;
    if (successRates.length === MAX_RATES) break;
    successRates.push([address, rates.external, rates.local]);
  }
  return {
    successRateAverage: external.average,
    successRateEjectionThreshold: external.threshold,
    localOriginSuccessRateAverage: local.average,
    localOriginSuccessRateEjectionThreshold: local.threshold,
    ejections: [...detector.ejections()].slice(0, MAX_EJECTIONS),
    successRates,
  };
}
