import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OutlierCell, OutlierCells } from "../../../../src/upstream/outlier/outlier-cells.ts";
import type { OutlierDetectionData } from "../../../../src/upstream/outlier/outlier-data.ts";
import { OutlierDetector } from "../../../../src/upstream/outlier/outlier-detector.ts";
import { OutlierStats } from "../../../../src/upstream/outlier/outlier-stats.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";
import { ALWAYS, OUTLIER_DETECTION } from "./outlier-fixture.ts";

class Detection {
  readonly clock = new FakeClock();
  readonly stats = new RecordingStats();
  readonly ejected = new Set<string>();
  readonly events: Record<string, unknown>[] = [];
  draw = 0;
  readonly detector: OutlierDetector;

  constructor(more: Partial<OutlierDetectionData> = {}, hosts = ["a", "b", "c", "d", "e"]) {
    const random = { uint32: () => this.draw, fraction: () => 0, uuid: () => "" };
    this.detector = new OutlierDetector(
      { ...OUTLIER_DETECTION, ...more },
      {
        cluster: "app",
        timers: this.clock.timers,
        random,
        stats: new OutlierStats(this.stats.scope("cluster.app")),
        log: (event) => this.events.push(event as Record<string, unknown>),
        onEjected: (address, ejected) => (ejected ? this.ejected.add(address) : this.ejected.delete(address)),
      },
    );
    this.detector.update(hosts);
  }

  trip(address: string): void {
    this.detector.onTripped(address, "CONSECUTIVE_5XX");
  }

  requests(address: string, total: number, success: number, kind: "external" | "local" = "external"): void {
    const cells = new OutlierCells(this.detector.grantOf(address)!);
    const [all, good] =
      kind === "external"
        ? [OutlierCell.externalTotal, OutlierCell.externalSuccess]
        : [OutlierCell.localTotal, OutlierCell.localSuccess];
    for (let n = 0; n < total; n++) cells.increment(all);
    for (let n = 0; n < success; n++) cells.increment(good);
  }

  stat(name: string): number {
    return this.stats.value(`cluster.app.outlier_detection.${name}`);
  }
}

describe("OutlierDetector", () => {
  it("ejects a host that failed too often in a row, for the base time, seen at the next interval", () => {
    const detection = new Detection();
    detection.trip("a");
    assert.deepEqual([...detection.ejected], ["a"]);
    assert.deepEqual(
      [detection.stat("ejections_active"), detection.stat("ejections_enforced_consecutive_5xx")],
      [1, 1],
    );
    detection.clock.advance(20_000);
    assert.equal(detection.ejected.size, 1);
    detection.clock.advance(10_000);
    assert.equal(detection.ejected.size, 0);
    assert.equal(detection.stat("ejections_active"), 0);
  });

  it("ejects for longer each time, up to the most, and for less again after time without", () => {
    const detection = new Detection();
    const lengths: number[] = [];
    const eject = (): void => {
      detection.trip("a");
      let ms = 0;
      for (; detection.ejected.size > 0; ms += 10_000) detection.clock.advance(10_000);
      lengths.push(ms);
    };
    for (let n = 0; n < 5; n++) eject();
    // The most is reached one step later than counted: Envoy's back-off may exceed it by one.
    assert.deepEqual(lengths, [30_000, 60_000, 90_000, 90_000, 90_000]);
    detection.clock.advance(40_000);
    eject();
    assert.equal(lengths.at(-1), 30_000);
  });

  it("adds jitter to the time", () => {
    const detection = new Detection({ maxEjectionTimeJitterMs: 30_000 });
    detection.draw = 15_000;
    detection.detector.setData({
      ...OUTLIER_DETECTION,
      maxEjectionTimeJitterMs: 30_000,
      enforcing: { ...ALWAYS, CONSECUTIVE_5XX: 101 },
    });
    detection.trip("a");
    detection.clock.advance(40_000);
    assert.equal(detection.ejected.size, 1);
    detection.clock.advance(10_000);
    assert.equal(detection.ejected.size, 0);
  });

  it("ejects no more than the given share, which of five hosts at 10 % is none", () => {
    const strict = new Detection({ maxEjectionPercent: 10 });
    strict.trip("a");
    assert.deepEqual([strict.ejected.size, strict.stat("ejections_overflow")], [0, 1]);
    assert.equal(strict.stat("ejections_detected_consecutive_5xx"), 1);
    const half = new Detection({ maxEjectionPercent: 50 });
    for (const address of ["a", "b", "c"]) half.trip(address);
    assert.deepEqual([[...half.ejected], half.stat("ejections_overflow")], [["a", "b"], 1]);
  });

  it("ejects one host in any case if told so", () => {
    const detection = new Detection({ maxEjectionPercent: 0, alwaysEjectsOneHost: true });
    for (const address of ["a", "b"]) detection.trip(address);
    assert.deepEqual([...detection.ejected], ["a"]);
  });

  it("only notes a host that is not to be ejected in so many of a hundred cases", () => {
    const detection = new Detection({ enforcing: { ...ALWAYS, CONSECUTIVE_5XX: 40 } });
    detection.draw = 40;
    detection.trip("a");
    assert.deepEqual([detection.ejected.size, detection.stat("ejections_enforced_total")], [0, 0]);
    assert.deepEqual([detection.events[0]?.action, detection.events[0]?.enforced], ["EJECT", false]);
    detection.draw = 39;
    detection.trip("a");
    assert.equal(detection.ejected.size, 1);
  });

  it("ejects a host whose success rate is far below that of the others", () => {
    const detection = new Detection();
    for (const address of ["a", "b", "c", "d"]) detection.requests(address, 100, 100);
    detection.requests("e", 100, 50);
    detection.clock.advance(10_000);
    assert.deepEqual([...detection.ejected], ["e"]);
    assert.deepEqual(detection.detector.thresholds.external, { average: 90, threshold: 52 });
    assert.equal(detection.detector.ratesOf("e").external, 50);
    assert.equal(detection.stat("ejections_enforced_success_rate"), 1);
    assert.deepEqual(detection.events[0]?.eject_success_rate_event, {
      host_success_rate: 50,
      cluster_average_success_rate: 90,
      cluster_success_rate_ejection_threshold: 52,
    });
    detection.clock.advance(10_000);
    assert.equal(detection.detector.thresholds.external.average, -1);
  });

  it("says nothing of success rates with too few hosts or requests", () => {
    const few = new Detection({}, ["a", "b", "c", "d"]);
    for (const address of ["a", "b", "c"]) few.requests(address, 100, 100);
    few.requests("d", 100, 0);
    few.clock.advance(10_000);
    const little = new Detection();
    for (const address of ["a", "b", "c", "d"]) little.requests(address, 100, 100);
    little.requests("e", 99, 0);
    little.clock.advance(10_000);
    assert.deepEqual([few.ejected.size, little.ejected.size], [0, 0]);
  });

  it("ejects hosts with too large a share of failures, of those that had enough requests", () => {
    const detection = new Detection({ failurePercentageMinimumHosts: 2, successRateMinimumHosts: 100 });
    detection.requests("a", 100, 15);
    detection.requests("b", 100, 16);
    detection.requests("c", 49, 0);
    detection.clock.advance(10_000);
    assert.deepEqual([...detection.ejected], ["a"]);
    assert.equal(detection.stat("ejections_enforced_failure_percentage"), 1);
    assert.deepEqual(detection.events[0]?.eject_failure_percentage_event, { host_success_rate: 15 });
  });

  it("judges failures to reach hosts apart", () => {
    const detection = new Detection({ splitsLocalOrigin: true });
    for (const address of ["a", "b", "c", "d"]) detection.requests(address, 100, 100, "local");
    detection.requests("e", 100, 0, "local");
    detection.clock.advance(10_000);
    assert.deepEqual([...detection.ejected], ["e"]);
    assert.equal(detection.stat("ejections_enforced_local_origin_success_rate"), 1);
  });

  it("lets a host back in that has passed an active check, unless told otherwise", () => {
    const detection = new Detection();
    detection.trip("a");
    detection.detector.onCheckPassed("a");
    assert.equal(detection.ejected.size, 0);
    const strict = new Detection({ passedCheckUnejects: false });
    strict.trip("a");
    strict.detector.onCheckPassed("a");
    assert.equal(strict.ejected.size, 1);
  });

  it("forgets hosts that are gone, and keeps what it knows of others", () => {
    const detection = new Detection();
    detection.trip("a");
    detection.trip("b");
    detection.detector.update(["b", "f"]);
    assert.equal(detection.stat("ejections_active"), 1);
    assert.equal(detection.detector.isEjected("b"), true);
    detection.trip("a");
    assert.equal(detection.detector.grantOf("a"), undefined);
    assert.deepEqual(
      [...detection.detector.ejections()],
      [{ address: "b", reason: "CONSECUTIVE_5XX", sinceMs: 0, endsInMs: 30_000, times: 1 }],
    );
  });

  it("takes other settings without forgetting who is ejected, and lets all back in when it ends", () => {
    const detection = new Detection();
    detection.trip("a");
    detection.detector.setData({ ...OUTLIER_DETECTION, baseEjectionTimeMs: 10_000, intervalMs: 1000 });
    detection.clock.advance(9000);
    assert.equal(detection.ejected.size, 1);
    detection.clock.advance(1000);
    assert.equal(detection.ejected.size, 0);
    detection.trip("b");
    detection.detector.close();
    assert.equal(detection.ejected.size, 0);
    assert.equal(detection.clock.timers.armedCount, 0);
  });

  it("writes events in the form of Envoy's", () => {
    const detection = new Detection();
    detection.trip("a");
    detection.clock.advance(30_000);
    assert.deepEqual(
      detection.events.map(({ timestamp: _, ...event }) => event),
      [
        {
          type: "CONSECUTIVE_5XX",
          cluster_name: "app",
          upstream_url: "a",
          action: "EJECT",
          num_ejections: 1,
          enforced: true,
          eject_consecutive_event: {},
        },
        {
          type: "CONSECUTIVE_5XX",
          secs_since_last_action: "30",
          cluster_name: "app",
          upstream_url: "a",
          action: "UNEJECT",
          num_ejections: 1,
          enforced: false,
        },
      ],
    );
  });
});
