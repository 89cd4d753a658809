import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LbHost } from "../../../src/lb/lb-host.ts";
import { LeastRequest } from "../../../src/lb/least-request.ts";
import type { HostPickerFactory } from "../../../src/lb/load-balancer.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import { LocalityWeighted } from "../../../src/lb/locality-weighted.ts";
import { PriorityLoadBalancer } from "../../../src/lb/priority-load-balancer.ts";
import { RandomPick } from "../../../src/lb/random-pick.ts";
import { RoundRobin } from "../../../src/lb/round-robin.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { lbHost, SeededRandom } from "./lb-fixture.ts";

const random = new SeededRandom(7);
const LEAST_REQUEST = { choiceCount: 2, activeRequestBias: 1, fullScan: false };
const roundRobin: HostPickerFactory<LbHost> = (hosts) => new RoundRobin(hosts, random);
const leastRequest: HostPickerFactory<LbHost> = (hosts) => new LeastRequest(hosts, random, LEAST_REQUEST);

function balancer(hosts: readonly LbHost[], picker: HostPickerFactory<LbHost>, byLocality = false) {
  const lb = new PriorityLoadBalancer<LbHost>({
    panicThresholdPercent: 50,
    overprovisioningFactorPercent: 140,
    failTrafficOnPanic: false,
    random,
    picker,
    healthyPanic: new RecordingStats().counter("lb_healthy_panic"),
    ...(byLocality && { spread: ({ all }, usable) => LocalityWeighted.of(all, usable, 140, picker, random) }),
  });
  lb.update(hosts);
  const pick = (): string | undefined => lb.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)?.addressText;
  const peek = (): string | undefined => lb.peekAnotherHost()?.addressText;
  return { lb, pick, peek };
}

function hosts(traits: (at: number) => Partial<LbHost>): LbHost[] {
  return ["a", "b", "c", "d", "e"].map((name, at) => lbHost(name, traits(at)));
}

function zone(at: number): Partial<LbHost> {
  return { locality: { region: "", zone: `z${at % 2}`, subZone: "" }, localityWeight: 1 + (at % 2) };
}

describe("Peeking at the next hosts", () => {
  const cases = [
    {
      name: "ROUND_ROBIN",
      lb: () =>
        balancer(
          hosts(() => ({})),
          roundRobin,
        ),
    },
    {
      name: "ROUND_ROBIN with weights",
      lb: () =>
        balancer(
          hosts((at) => ({ weight: at + 1 })),
          roundRobin,
        ),
    },
    {
      name: "RANDOM",
      lb: () =>
        balancer(
          hosts(() => ({})),
          (list) => new RandomPick(list, random),
        ),
    },
    {
      name: "LEAST_REQUEST with weights",
      lb: () =>
        balancer(
          hosts((at) => ({ weight: at + 1 })),
          leastRequest,
        ),
    },
    { name: "localities with weights", lb: () => balancer(hosts(zone), roundRobin, true) },
    {
      name: "several priorities",
      lb: () =>
        balancer(
          hosts((at) => ({ priority: at >> 2, health: at < 2 ? "unhealthy" : "healthy" })),
          roundRobin,
        ),
    },
  ];
  for (const { name, lb } of cases) {
    it(`says what is picked next: ${name}`, () => {
      const { pick, peek } = lb();
      for (let round = 0; round < 50; round++) {
        const ahead = Array.from({ length: 1 + (round % 3) }, peek);
        assert.equal(ahead.includes(undefined), false);
        assert.deepEqual(Array.from({ length: ahead.length }, pick), ahead);
        // Picks and peeks in turn.
        const first = peek();
        const second = peek();
        assert.equal(pick(), first);
        const third = peek();
        assert.deepEqual([pick(), pick()], [second, third]);
      }
    });
  }

  it("says no more than there are healthy hosts, until some were picked or the hosts changed", () => {
    const all = hosts((at) => ({ health: at === 0 ? "unhealthy" : "healthy" }));
    const { lb, pick, peek } = balancer(all, roundRobin);
    for (let at = 0; at < 4; at++) assert.notEqual(peek(), undefined);
    assert.equal(peek(), undefined);
    pick();
    assert.notEqual(peek(), undefined);
    assert.equal(peek(), undefined);
    lb.update(all);
    assert.notEqual(peek(), undefined);
  });

  it("says nothing where it depends on how busy hosts are, and without hosts", () => {
    assert.equal(
      balancer(
        hosts(() => ({})),
        leastRequest,
      ).peek(),
      undefined,
    );
    assert.equal(balancer([], roundRobin).peek(), undefined);
  });
});
