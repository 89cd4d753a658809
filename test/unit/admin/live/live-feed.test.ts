import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveFeed, MAX_SUBSCRIBERS, type SampleSource } from "../../../../src/admin/live/live-feed.ts";
import type { LiveSample } from "../../../../src/admin/live/live-sample.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";

/** Numbers its samples by `version`. */
class CountingSource implements SampleSource {
  readonly taken: boolean[] = [];
  resets = 0;
  signs = "";
  failure: Error | undefined;

  async take(fresh: boolean): Promise<LiveSample> {
    if (this.failure !== undefined) throw this.failure;
    this.taken.push(fresh);
    return { version: this.taken.length } as LiveSample;
  }

  signature(): string {
    return this.signs;
  }

  reset(): void {
    this.resets++;
  }
}

function feedOf(source: SampleSource): { readonly feed: LiveFeed; readonly clock: FakeClock } {
  const clock = new FakeClock();
  return { feed: new LiveFeed(source, clock.timers), clock };
}

/** Lets what was started in this turn run to its end. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function nextVersion(samples: AsyncGenerator<LiveSample, void>): Promise<number | undefined> {
  const { value } = await samples.next();
  return value?.version;
}

describe("LiveFeed", () => {
  it("samples nothing and arms no timer while nobody watches", async () => {
    const source = new CountingSource();
    const { feed, clock } = feedOf(source);
    const samples = feed.samples();
    clock.advance(5000);
    await settle();
    assert.deepEqual(source.taken, []);
    assert.equal(clock.timers.armedCount, 0);
    await samples.return();
    assert.equal(feed.subscriberCount, 0);
  });

  it("gives a sample at once and then one per second, and stops with its last subscriber", async () => {
    const source = new CountingSource();
    const { feed, clock } = feedOf(source);
    const samples = feed.samples();
    assert.equal(await nextVersion(samples), 1);
    for (let second = 2; second < 5; second++) {
      const next = nextVersion(samples);
      clock.advance(1000);
      assert.equal(await next, second);
    }
    assert.deepEqual(source.taken, [true, true, true, true]);
    await samples.return();
    assert.equal(feed.subscriberCount, 0);
    assert.equal(clock.timers.armedCount, 0);
    assert.equal(source.resets, 1);
  });

  it("gives another sample within 250 ms when an actor has changed, without asking the threads", async () => {
    const source = new CountingSource();
    const { feed, clock } = feedOf(source);
    const samples = feed.samples();
    await nextVersion(samples);
    const next = nextVersion(samples);
    source.signs = "worker-1 does not answer";
    clock.advance(260);
    assert.equal(await next, 2);
    assert.deepEqual(source.taken, [true, false]);
    await samples.return();
  });

  it("gives a slow subscriber the newest sample and keeps none for it", async () => {
    const source = new CountingSource();
    const { feed, clock } = feedOf(source);
    const slow = feed.samples();
    assert.equal(await nextVersion(slow), 1);
    for (let second = 0; second < 5; second++) {
      clock.advance(1000);
      await settle();
    }
    assert.equal(await nextVersion(slow), 6);
    await slow.return();
  });

  it("makes each sample once for all subscribers, and lets no more in than its limit", async () => {
    const source = new CountingSource();
    const { feed, clock } = feedOf(source);
    const all = Array.from({ length: MAX_SUBSCRIBERS }, () => feed.samples());
    const first = all.map(nextVersion);
    await settle();
    clock.advance(260);
    await Promise.all(first);
    assert.equal(feed.isFull(), true);
    assert.deepEqual(await feed.samples().next(), { value: undefined, done: true });
    const before = source.taken.length;
    const next = all.map(nextVersion);
    clock.advance(1000);
    assert.equal(new Set(await Promise.all(next)).size, 1);
    assert.equal(source.taken.length, before + 1);
    await Promise.all(all.map((samples) => samples.return()));
    assert.equal(feed.isFull(), false);
  });

  it("ends for its subscribers when a sample can't be made", async () => {
    const source = new CountingSource();
    const { feed } = feedOf(source);
    source.failure = new Error("no supervisor");
    await assert.rejects(feed.samples().next(), /no supervisor/);
    assert.equal(feed.subscriberCount, 0);
  });
});
