import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HealthCheckData } from "../../../../src/upstream/health-check/health-check-data.ts";
import { HealthCheckStats } from "../../../../src/upstream/health-check/health-check-stats.ts";
import { type CheckEvent, HostHealthCheck } from "../../../../src/upstream/health-check/host-health-check.ts";
import type { ProbeResult } from "../../../../src/upstream/health-check/probe.ts";
import { HealthFlag, healthFlagNames, isExcluded } from "../../../../src/upstream/membership/health-flag.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";
import { healthCheckData } from "./health-check-fixture.ts";

const SUCCESS: ProbeResult = { ok: true, degraded: false };
const DEGRADED: ProbeResult = { ok: true, degraded: true };
const REFUSED: ProbeResult = { ok: false, failure: "NETWORK", retriable: false };
const BAD_STATUS: ProbeResult = { ok: false, failure: "ACTIVE", retriable: false };
const RETRIABLE: ProbeResult = { ok: false, failure: "ACTIVE", retriable: true };

/** A host whose probe answers when the test says so. */
class Scene {
  readonly clock = new FakeClock();
  readonly stats = new RecordingStats();
  readonly events: CheckEvent[] = [];
  readonly check: HostHealthCheck;
  started = 0;
  cancelled = 0;
  closed = 0;
  hasTraffic = true;
  random = 0;
  #onResult!: (result: ProbeResult) => void;

  constructor(changes: Partial<HealthCheckData> = {}) {
    this.check = new HostHealthCheck({
      data: healthCheckData(changes),
      timers: this.clock.timers,
      random: { uint32: () => this.random, fraction: () => 0, uuid: () => "" },
      stats: new HealthCheckStats(this.stats.scope("cluster.c")),
      hasTraffic: () => this.hasTraffic,
      makeProbe: (onResult) => {
        this.#onResult = onResult;
        return {
          why: "because",
          start: () => this.started++,
          cancel: () => this.cancelled++,
          close: () => this.closed++,
        };
      },
      onChecked: () => {},
      onEvent: (event) => this.events.push(event),
    });
  }

  /** Starts, and lets the checks come to these results one after the other. */
  static after(results: readonly ProbeResult[], changes: Partial<HealthCheckData> = {}): Scene {
    const scene = new Scene(changes);
    scene.check.start();
    for (const result of results) {
      scene.answer(result);
      scene.events.length = 0;
      scene.toNextCheck();
    }
    return scene;
  }

  answer(result: ProbeResult): void {
    this.#onResult(result);
  }

  /** Moves on to the next check; answers how long that took, in milliseconds. */
  toNextCheck(): number {
    const before = this.started;
    for (let ms = 10; ms <= 200_000; ms += 10) {
      this.clock.advance(10);
      if (this.started > before) return ms;
    }
    throw new Error("no check follows");
  }

  value(name: string): number {
    return this.stats.value(`cluster.c.health_check.${name}`);
  }

  get failed(): boolean {
    return (this.check.flags & HealthFlag.failedActiveHc) !== 0;
  }
}

describe("A new host", () => {
  it("counts as failed and pending, and is checked at once", () => {
    const scene = new Scene();
    scene.check.start();
    assert.equal(scene.check.flags, HealthFlag.failedActiveHc | HealthFlag.pendingActiveHc);
    assert.equal(scene.check.isChecked, false);
    assert.deepEqual([scene.started, scene.value("attempt"), scene.value("healthy")], [1, 1, 0]);
  });

  it("is healthy after one success, whatever the threshold", () => {
    const scene = new Scene({ healthyThreshold: 5 });
    scene.check.start();
    scene.answer(SUCCESS);
    assert.equal(scene.check.flags, 0);
    assert.deepEqual(scene.events, [{ type: "add_healthy_event", firstCheck: true }]);
    assert.deepEqual([scene.value("success"), scene.value("healthy")], [1, 1]);
  });

  it("stays failed after a failure, which the log shows", () => {
    const scene = new Scene();
    scene.check.start();
    scene.answer(REFUSED);
    assert.equal(scene.check.flags, HealthFlag.failedActiveHc);
    assert.deepEqual(scene.events, [{ type: "health_check_failure_event", failure: "NETWORK", firstCheck: true }]);
  });

  it("is checked after the initial jitter", () => {
    const scene = new Scene({ initialJitterMs: 1000 });
    scene.random = 1400;
    scene.check.start();
    assert.equal(scene.started, 0);
    assert.equal(scene.toNextCheck(), 400);
  });
});

describe("A healthy host", () => {
  it("fails at the unhealthy threshold, counted without a success between", () => {
    const scene = Scene.after([SUCCESS, REFUSED, SUCCESS, REFUSED]);
    assert.equal(scene.failed, false);
    scene.answer(REFUSED);
    assert.equal(scene.failed, true);
    assert.deepEqual(scene.events, [{ type: "eject_unhealthy_event", failure: "NETWORK" }]);
    assert.deepEqual([scene.value("failure"), scene.value("network_failure"), scene.value("healthy")], [3, 3, 0]);
  });

  it("fails at once by a wrong status", () => {
    const scene = Scene.after([SUCCESS]);
    scene.answer(BAD_STATUS);
    assert.equal(scene.failed, true);
    assert.deepEqual(scene.events, [{ type: "eject_unhealthy_event", failure: "ACTIVE" }]);
    assert.deepEqual([scene.value("failure"), scene.value("network_failure")], [1, 0]);
  });

  it("fails at the threshold by retriable statuses", () => {
    const scene = Scene.after([SUCCESS, RETRIABLE]);
    assert.equal(scene.failed, false);
    scene.answer(RETRIABLE);
    assert.equal(scene.failed, true);
  });

  it("fails by silence: the check is given up at its timeout, and the flag says so until it fails otherwise", () => {
    const scene = Scene.after([SUCCESS]);
    scene.clock.advance(500);
    assert.equal(scene.cancelled, 1);
    assert.equal(scene.failed, false);
    scene.toNextCheck();
    scene.clock.advance(500);
    assert.equal(scene.check.flags, HealthFlag.failedActiveHc | HealthFlag.activeHcTimeout);
    scene.toNextCheck();
    scene.answer(REFUSED);
    assert.equal(scene.check.flags, HealthFlag.failedActiveHc);
  });

  it("can be degraded and not any more", () => {
    const scene = Scene.after([SUCCESS]);
    scene.answer(DEGRADED);
    assert.equal(scene.check.flags, HealthFlag.degradedActiveHc);
    assert.deepEqual(scene.events, [{ type: "degraded_healthy_host" }]);
    assert.equal(scene.value("degraded"), 1);
    scene.toNextCheck();
    scene.answer(SUCCESS);
    assert.equal(scene.check.flags, 0);
    assert.equal(scene.value("degraded"), 0);
    assert.deepEqual(scene.events.at(-1), { type: "no_longer_degraded_host" });
  });

  it("counts as excluded until its first check if it is told to ignore new hosts", () => {
    const ignoring = new Scene({ ignoresNewHosts: true });
    const other = new Scene();
    for (const { check } of [ignoring, other]) check.start();
    const first = HealthFlag.failedActiveHc | HealthFlag.pendingActiveHc;
    assert.equal(ignoring.check.flags, first | HealthFlag.ignoredUntilFirstHc);
    assert.equal(isExcluded(ignoring.check.flags), true);
    assert.deepEqual(healthFlagNames(ignoring.check.flags), ["failed_active_hc", "pending_active_hc"]);
    ignoring.answer(REFUSED);
    assert.equal(ignoring.check.flags, HealthFlag.failedActiveHc);
    assert.equal(isExcluded(other.check.flags), false);
  });

  it("fails at once when its own answer to a request says so, and is excluded until it passes again", () => {
    const scene = Scene.after([SUCCESS]);
    scene.check.failImmediately();
    assert.equal(scene.check.flags, HealthFlag.failedActiveHc | HealthFlag.excludedViaImmediateHcFail);
    assert.equal(scene.value("passive_failure"), 1);
    scene.answer(SUCCESS);
    scene.toNextCheck();
    scene.answer(SUCCESS);
    assert.equal(scene.check.flags, 0);
  });
});

describe("A failed host", () => {
  it("returns at the healthy threshold, counted without a failure between", () => {
    const scene = Scene.after([REFUSED, SUCCESS, REFUSED, SUCCESS]);
    assert.equal(scene.failed, true);
    scene.answer(SUCCESS);
    assert.equal(scene.failed, false);
    assert.deepEqual(scene.events, [{ type: "add_healthy_event", firstCheck: false }]);
  });
});

describe("The time to the next check", () => {
  const table: readonly (readonly [name: string, before: readonly ProbeResult[], last: ProbeResult, ms: number])[] = [
    ["is interval after a success", [SUCCESS], SUCCESS, 1000],
    ["is unhealthy_edge_interval while a host is about to fail", [SUCCESS], REFUSED, 200],
    ["is unhealthy_interval when it has failed", [SUCCESS, REFUSED], REFUSED, 2000],
    ["is unhealthy_interval while it goes on failing", [SUCCESS, REFUSED, REFUSED], REFUSED, 2000],
    ["is healthy_edge_interval while a host is about to return", [REFUSED], SUCCESS, 300],
    ["is interval when it has returned", [REFUSED, SUCCESS], SUCCESS, 1000],
  ];
  for (const [name, before, last, ms] of table) {
    it(name, () => {
      const scene = Scene.after(before);
      scene.answer(last);
      assert.equal(scene.toNextCheck(), ms);
    });
  }

  it("is no_traffic_interval or no_traffic_healthy_interval while the cluster was never used", () => {
    const scene = new Scene();
    scene.hasTraffic = false;
    scene.check.start();
    scene.answer(SUCCESS);
    assert.equal(scene.toNextCheck(), 70_000);
    scene.answer(REFUSED);
    assert.equal(scene.toNextCheck(), 60_000);
    scene.hasTraffic = true;
    scene.answer(SUCCESS);
    assert.equal(scene.toNextCheck(), 1000);
  });

  it("has both jitters added, the percentage first", () => {
    const scene = Scene.after([], { intervalJitterPercent: 10, intervalJitterMs: 50 });
    scene.random = 1030;
    scene.answer(SUCCESS);
    // 1000 + 1030 % 100 + 1030 % 50
    assert.equal(scene.toNextCheck(), 1000 + 30 + 30);
  });

  it("begins when the check is over, not when it began", () => {
    const scene = Scene.after([SUCCESS]);
    scene.clock.advance(400);
    scene.answer(SUCCESS);
    assert.equal(scene.toNextCheck(), 1000);
  });
});

describe("The event log", () => {
  it("has every failure and every success that changes nothing if it is asked for", () => {
    const scene = Scene.after([SUCCESS], { alwaysLogFailures: true, alwaysLogSuccess: true });
    scene.answer(SUCCESS);
    scene.toNextCheck();
    scene.answer(REFUSED);
    assert.deepEqual(scene.events, [
      { type: "successful_health_check_event" },
      { type: "health_check_failure_event", failure: "NETWORK", firstCheck: false },
    ]);
  });
});

describe("The trouble of a check", () => {
  it("is why the last one failed and since when all have, until one goes well", () => {
    const scene = new Scene();
    scene.check.start();
    assert.equal(scene.check.trouble, undefined);
    scene.answer(REFUSED);
    assert.deepEqual(scene.check.trouble, { why: "because", failingForMs: 0 });
    const failedMs = scene.clock.nowMs();
    scene.toNextCheck();
    scene.clock.advance(healthCheckData().timeoutMs);
    assert.deepEqual(scene.check.trouble, {
      why: "no answer within 500 ms",
      failingForMs: scene.clock.nowMs() - failedMs,
    });
    scene.toNextCheck();
    scene.answer(SUCCESS);
    assert.equal(scene.check.trouble, undefined);
  });

  it("is what the host itself said of itself", () => {
    const scene = Scene.after([SUCCESS]);
    scene.check.failImmediately();
    assert.equal(scene.check.trouble?.why, "it said so in an answer to a request");
  });
});

describe("A closed check", () => {
  it("leaves no timer, frees its probe and takes the host out of the gauges", () => {
    const scene = Scene.after([DEGRADED]);
    scene.check.close();
    assert.equal(scene.clock.timers.armedCount, 0);
    assert.deepEqual([scene.closed, scene.value("healthy"), scene.value("degraded")], [1, 0, 0]);
    scene.answer(REFUSED);
    assert.equal(scene.value("failure"), 0);
  });

  it("hands what it knew to the one that takes its place", () => {
    const before = Scene.after([SUCCESS]);
    before.check.close();
    const scene = new Scene();
    scene.check.start(before.check);
    assert.equal(scene.check.flags, 0);
    assert.equal(scene.check.isChecked, true);
    assert.equal(scene.value("healthy"), 1);
  });
});
