import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import type { EndpointData } from "../cluster-data.ts";
import type { Discovery, DiscoveryOwner } from "./discovery.ts";

/** Says once which hosts there are: those of the configuration. */
export class StaticDiscovery implements Discovery {
  readonly #timer: WheelTimer;
  readonly #count: number;

  constructor(endpoints: readonly EndpointData[], owner: DiscoveryOwner, timers: TimerWheel) {
    this.#count = endpoints.length;
    this.#timer = timers.timer(() => {
      owner.onHosts(endpoints);
      owner.onFirstAttempt();
    });
  }

  start(): void {
    this.#timer.arm(0);
  }

  stop(): void {
    this.#timer.disarm();
  }

  inspect(): Readonly<Record<string, unknown>> {
    return { type: "static", endpoints: this.#count };
  }
}
