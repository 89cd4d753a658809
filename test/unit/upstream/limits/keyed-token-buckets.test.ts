import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { KeyedTokenBuckets } from "../../../../src/upstream/limits/keyed-token-buckets.ts";

const SETTINGS = { maxTokens: 3, tokensPerFill: 3, fillIntervalMs: 1000 };
const CELLS = 10;

interface Shared {
  readonly memory: SharedArrayBuffer;
  nowMs: number;
  /** Called whenever a worker asks for the time. */
  onTime: () => void;
  make(): KeyedTokenBuckets;
}

/** Memory for `count` buckets, and what sees it: each as another worker. */
function shared(count: number): Shared {
  const memory = new SharedArrayBuffer(4 * CELLS * count);
  const scene: Shared = {
    memory,
    nowMs: 5000,
    onTime: () => {},
    make: () => {
      const cells = Array.from({ length: count }, (_, i) => ({ cells: new Int32Array(memory), first: i * CELLS }));
      return new KeyedTokenBuckets(cells, SETTINGS, () => {
        scene.onTime();
        return scene.nowMs;
      });
    },
  };
  return scene;
}

function take(buckets: KeyedTokenBuckets, key: string): number {
  let taken = 0;
  while (buckets.of(key).tryTake()) taken++;
  return taken;
}

describe("KeyedTokenBuckets", () => {
  it("have a bucket for each key, whichever worker asks", () => {
    const scene = shared(4);
    const [one, two] = [scene.make(), scene.make()];
    assert.deepEqual([one.of("a").tryTake(), two.of("a").tryTake()], [true, true]);
    assert.deepEqual([take(one, "a"), take(two, "a"), take(two, "b"), take(one, "b")], [1, 0, 3, 0]);
    scene.nowMs += 1000;
    assert.equal(take(two, "a"), 3);
  });

  it("give the bucket that was not used for longest to a new key, which begins full", () => {
    const scene = shared(2);
    const [one, two] = [scene.make(), scene.make()];
    for (const key of ["a", "b", "a"]) {
      scene.nowMs++;
      take(one, key);
    }
    scene.nowMs++;
    assert.equal(take(two, "c"), 3, "takes that of b");
    assert.equal(take(one, "a"), 0);
    assert.equal(take(one, "b"), 3, "does not take that of others for its own");
  });

  it("remember no more keys than is good", () => {
    const scene = shared(2);
    const buckets = scene.make();
    for (let i = 0; i < 1000; i++) {
      scene.nowMs++;
      assert.equal(take(buckets, `key ${i}`), 3);
    }
  });

  for (const full of [false, true]) {
    it(`agree on one bucket ${full ? "of another key " : ""}though one worker is held up while it makes it`, () => {
      for (let moment = 0; moment < 6; moment++) {
        const scene = shared(2);
        const [one, two] = [scene.make(), scene.make()];
        if (full) assert.deepEqual([take(two, "x"), take(two, "y")], [3, 3]);
        scene.nowMs++;
        let times = 0;
        let takenMeanwhile = 0;
        scene.onTime = () => {
          if (times++ !== moment) return;
          takenMeanwhile = take(two, "a");
        };
        const taken = take(one, "a");
        assert.equal(taken + takenMeanwhile + take(two, "a"), 3, `held up the ${moment}th time it asks for the time`);
      }
    });
  }

  it("give out each token once while many threads use few keys", async () => {
    const count = 8;
    const { memory } = shared(count);
    const module = new URL("../../../../src/upstream/limits/keyed-token-buckets.ts", import.meta.url).href;
    const code = `
      import { workerData, parentPort } from "node:worker_threads";
      const { KeyedTokenBuckets } = await import(${JSON.stringify(module)});
      const cells = Array.from({ length: ${count} }, (_, i) => ({ cells: new Int32Array(workerData), first: i * ${CELLS} }));
      const settings = { maxTokens: 10_000, tokensPerFill: 1, fillIntervalMs: 1_000_000 };
      const buckets = new KeyedTokenBuckets(cells, settings, () => 5000);
      parentPort.postMessage("ready");
      parentPort.once("message", () => {
        const taken = [0, 0, 0, 0];
        for (let i = 0; i < 4 * 20_000; i++) if (buckets.of("key " + (i % 4)).tryTake()) taken[i % 4]++;
        parentPort.postMessage(taken);
        parentPort.close();
      });`;
    const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const workers = Array.from({ length: 3 }, () => new Worker(url, { workerData: memory }));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const results = workers.map((worker) => once(worker, "message") as Promise<[number[]]>);
    for (const worker of workers) worker.postMessage("go");
    const taken = (await Promise.all(results)).map(([counts]) => counts);
    for (let key = 0; key < 4; key++) {
      const sum = taken.reduce((total, counts) => total + counts[key]!, 0);
      // While workers agree on the bucket of a new key, a few tokens may be taken of one that is given up again.
      assert.ok(sum >= 10_000 && sum <= 10_050, `${sum} tokens of key ${key}`);
    }
  });
});
