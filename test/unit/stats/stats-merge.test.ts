import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SHOWN_QUANTILES } from "../../../src/stats/histogram-distribution.ts";
import type { StatsScope } from "../../../src/stats/scope.ts";
import { everyStat } from "../../../src/stats/stats-matcher.ts";
import { StatsMerge } from "../../../src/stats/stats-merge.ts";
import { StatsShard } from "../../../src/stats/stats-shard.ts";

/** A thread that counts and reports to the merge. */
class Thread {
  readonly shard = new StatsShard(everyStat);
  readonly scope: StatsScope = this.shard.scope();
  readonly #merge: StatsMerge;
  readonly #source: number;

  constructor(merge: StatsMerge) {
    this.#merge = merge;
    this.#source = merge.join();
  }

  report(): void {
    this.#merge.shareMemory(this.#source, this.shard.takeNewMemory());
    this.#merge.apply(this.#source, this.shard.takeDelta());
  }

  end(): void {
    this.#merge.leave(this.#source);
  }
}

function gauge(merge: StatsMerge, name: string): number | undefined {
  return merge.gauges().find((each) => each.name === name)?.value;
}

describe("StatsMerge", () => {
  it("adds up the counters of all threads and lists them by name", () => {
    const merge = new StatsMerge();
    const threads = [new Thread(merge), new Thread(merge)];
    for (const thread of threads) {
      thread.scope.counter("b").add(2);
      thread.scope.counter("a").inc();
      thread.report();
    }
    assert.deepEqual(
      merge.counters().map(({ name, value }) => [name, value]),
      [
        ["a", 2],
        ["b", 4],
      ],
    );
  });

  it("carries the counters of a thread that is gone, and drops its gauges", () => {
    const merge = new StatsMerge();
    const [first, second] = [new Thread(merge), new Thread(merge)];
    for (const thread of [first, second]) {
      thread.scope.counter("rq_total").add(10);
      thread.scope.gauge("cx_active").set(3);
      thread.report();
    }
    first.end();
    assert.equal(merge.counters()[0]?.value, 20);
    assert.equal(gauge(merge, "cx_active"), 3);
    const third = new Thread(merge);
    third.scope.counter("rq_total").inc();
    third.report();
    assert.equal(merge.counters()[0]?.value, 21);
  });

  it("harvests what a crashed thread counted after its last report", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    const counter = thread.scope.counter("rq_total");
    counter.add(10);
    thread.report();
    counter.add(5);
    thread.end();
    assert.equal(merge.counters()[0]?.value, 15);
  });

  it("reads what threads count without waiting for their reports, and counts nothing twice", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    const counter = thread.scope.counter("rq_total");
    const active = thread.scope.gauge("rq_active");
    thread.report();
    counter.add(5);
    active.set(2);
    merge.readSharedMemory();
    assert.deepEqual([merge.counters()[0]?.value, gauge(merge, "rq_active")], [5, 2]);
    const late = thread.shard.takeDelta();
    counter.add(1);
    merge.readSharedMemory();
    merge.apply(0, late);
    merge.readSharedMemory();
    thread.report();
    assert.deepEqual([merge.counters()[0]?.value, gauge(merge, "rq_active")], [6, 2]);
  });

  it("does not take an untouched gauge for a used one when it reads shared memory", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    thread.scope.gauge("idle");
    thread.report();
    merge.readSharedMemory();
    assert.equal(merge.gauges()[0]?.used, false);
  });

  it("ignores reports from a thread that is gone", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    thread.scope.counter("x").inc();
    thread.report();
    thread.end();
    thread.scope.counter("x").inc();
    thread.report();
    thread.end();
    assert.equal(merge.counters()[0]?.value, 1);
  });

  it("shows the largest value of a max gauge, and the next one once its thread is gone", () => {
    const merge = new StatsMerge();
    const [first, second] = [new Thread(merge), new Thread(merge)];
    first.scope.gauge("open", "max").set(1);
    second.scope.gauge("open", "max").set(0);
    first.report();
    second.report();
    assert.equal(gauge(merge, "open"), 1);
    first.end();
    assert.equal(gauge(merge, "open"), 0);
  });

  it("shows a max gauge that is negative on all threads", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    thread.scope.gauge("g", "max").set(-5);
    thread.report();
    assert.equal(gauge(merge, "g"), -5);
  });

  it("shows what was written most recently to a last gauge", () => {
    const merge = new StatsMerge();
    const [first, second] = [new Thread(merge), new Thread(merge)];
    const write = (thread: Thread, value: number): void => {
      thread.scope.gauge("version", "last").set(value);
      thread.report();
    };
    write(first, 5);
    write(second, 3);
    assert.equal(gauge(merge, "version"), 3);
    write(first, 4);
    assert.equal(gauge(merge, "version"), 4);
    first.end();
    assert.equal(gauge(merge, "version"), 3);
  });

  it("merges histograms exactly: as if one thread had recorded everything", () => {
    const merge = new StatsMerge();
    const alone = new StatsMerge();
    const threads = [new Thread(merge), new Thread(merge), new Thread(merge)];
    const single = new Thread(alone);
    for (let i = 0; i < 3000; i++) {
      const value = (i * 7919) % 5000;
      threads[i % 3]!.scope.histogram("h", "ms").record(value);
      single.scope.histogram("h", "ms").record(value);
    }
    for (const thread of [...threads, single]) thread.report();
    const [merged, whole] = [merge.histograms()[0]!.cumulative, alone.histograms()[0]!.cumulative];
    assert.deepEqual(merged.quantiles(SHOWN_QUANTILES), whole.quantiles(SHOWN_QUANTILES));
    assert.equal(merged.sum, whole.sum);
    assert.equal(merged.count, 3000);
  });

  it("shows in a histogram's interval what came between the last two flushes", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    const histogram = thread.scope.histogram("h", "ms");
    histogram.record(10);
    thread.report();
    const shown = merge.histograms()[0]!;
    assert.equal(shown.interval.count, 0);
    merge.flush();
    assert.equal(shown.interval.count, 1);
    merge.flush();
    assert.equal(shown.interval.count, 0);
    histogram.record(20);
    histogram.record(30);
    thread.report();
    merge.flush();
    assert.deepEqual([shown.interval.count, shown.cumulative.count], [2, 3]);
  });

  it("forgets a stat when the last thread has let go of it, and starts it at zero again", () => {
    const merge = new StatsMerge();
    const [first, second] = [new Thread(merge), new Thread(merge)];
    for (const thread of [first, second]) {
      const scope = thread.shard.scope("cluster.a");
      scope.counter("x").inc();
      thread.report();
      scope.release();
    }
    first.report();
    assert.equal(merge.counters()[0]?.value, 2);
    second.report();
    assert.deepEqual(merge.counters(), []);
    first.scope.counter("cluster.a.x").inc();
    first.report();
    assert.equal(merge.counters()[0]?.value, 1);
  });

  it("resets counters to zero and leaves gauges and histograms alone", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    thread.scope.counter("c").add(5);
    thread.scope.gauge("g").set(5);
    thread.scope.histogram("h", "ms").record(5);
    thread.report();
    merge.resetCounters();
    assert.equal(merge.counters()[0]?.value, 0);
    assert.equal(merge.gauges()[0]?.value, 5);
    assert.equal(merge.histograms()[0]?.cumulative.count, 1);
    thread.scope.counter("c").inc();
    thread.end();
    assert.equal(merge.counters()[0]?.value, 1);
  });

  it("tells used stats from those that were only created", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    thread.scope.counter("idle");
    thread.scope.counter("busy").inc();
    thread.scope.gauge("set_to_zero").set(0);
    thread.report();
    assert.deepEqual(
      [...merge.counters(), ...merge.gauges()].map(({ name, used }) => [name, used]),
      [
        ["busy", true],
        ["idle", false],
        ["set_to_zero", true],
      ],
    );
  });

  it("keeps a counter and a gauge of one name apart", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    thread.scope.counter("x").add(1);
    thread.scope.gauge("x").set(2);
    thread.report();
    assert.equal(merge.counters()[0]?.value, 1);
    assert.equal(gauge(merge, "x"), 2);
    assert.equal(merge.size, 2);
  });

  it("handles more stats than one block of memory holds", () => {
    const merge = new StatsMerge();
    const thread = new Thread(merge);
    for (let i = 0; i < 3000; i++) thread.scope.counter(`c${i}`).add(i);
    thread.report();
    for (let i = 0; i < 3000; i++) thread.scope.counter(`c${i}`).inc();
    thread.end();
    assert.ok(merge.counters().every(({ name, value }) => value === Number(name.slice(1)) + 1));
  });
});
