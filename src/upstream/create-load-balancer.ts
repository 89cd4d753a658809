import type { RandomSource } from "../base/random.ts";
import { LeastRequest } from "../lb/least-request.ts";
import type { HostPickerFactory, LoadBalancer } from "../lb/load-balancer.ts";
import { PriorityLoadBalancer } from "../lb/priority-load-balancer.ts";
import { RandomPick } from "../lb/random-pick.ts";
import { RoundRobin } from "../lb/round-robin.ts";
import type { Counter } from "../stats/scope.ts";
import type { ClusterData } from "./cluster-data.ts";
import type { Host } from "./host.ts";

/** Builds the load balancer that a cluster's settings describe, without hosts yet. */
export function createLoadBalancer(data: ClusterData, random: RandomSource, healthyPanic: Counter): LoadBalancer<Host> {
  return new PriorityLoadBalancer({
    ...data.priorityLoad,
    picker: pickerFactory(data.loadBalancer, random),
    random,
    healthyPanic,
  });
}

function pickerFactory(settings: ClusterData["loadBalancer"], random: RandomSource): HostPickerFactory<Host> {
  switch (settings.type) {
    case "roundRobin":
      return (hosts) => new RoundRobin(hosts, random);
    case "random":
      return (hosts) => new RandomPick(hosts, random);
    case "leastRequest":
      return (hosts) => new LeastRequest(hosts, random, settings);
  }
}
