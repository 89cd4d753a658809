import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { SharedTokenBucket } from "../../../src/base/shared-token-bucket.ts";

function bucket(changes: object = {}, cells = new Int32Array(2)): SharedTokenBucket {
  return new SharedTokenBucket(cells, 0, { maxTokens: 3, tokensPerFill: 2, fillIntervalMs: 1000, ...changes });
}

function takeAll(from: SharedTokenBucket, nowMs: number): number {
  let taken = 0;
  while (from.tryTake(nowMs)) taken++;
  return taken;
}

describe("SharedTokenBucket", () => {
  it("begins full and fills by steps, never over its size", () => {
    const tokens = bucket();
    assert.equal(takeAll(tokens, 5000), 3);
    assert.equal(takeAll(tokens, 5999), 0);
    assert.equal(tokens.nextFillMs(5999), 1);
    assert.equal(takeAll(tokens, 6000), 2);
    assert.equal(takeAll(tokens, 6500), 0);
    assert.equal(tokens.available(8000), 3);
    assert.equal(takeAll(tokens, 60_000), 3);
  });

  it("gives several tokens at once, or none", () => {
    const tokens = bucket();
    assert.deepEqual([tokens.tryTake(1, 2), tokens.tryTake(1, 2), tokens.tryTake(1, 1)], [true, false, true]);
    assert.equal(bucket().tryTake(1, 4), false);
  });

  it("keeps to the rhythm of its first use", () => {
    const tokens = bucket();
    takeAll(tokens, 1000);
    assert.equal(takeAll(tokens, 2900), 2);
    assert.equal(takeAll(tokens, 3000), 2);
  });

  it("takes no harm from clocks that are a little behind, from wrapping time, and from a month without use", () => {
    const tokens = bucket();
    takeAll(tokens, 10_000);
    assert.equal(takeAll(tokens, 9_990), 0);
    const wrapping = bucket();
    takeAll(wrapping, 0x7fff_ff00);
    assert.equal(takeAll(wrapping, 0x7fff_ff00 + 1000), 2);
    assert.equal(takeAll(wrapping, 0x7fff_ff00 + 30 * 86_400_000), 3);
  });

  it("has no more than its size when it is made smaller", () => {
    const cells = new Int32Array(2);
    takeAll(bucket({ maxTokens: 100 }, cells), 1000);
    const smaller = bucket({ maxTokens: 2, tokensPerFill: 1 }, cells);
    assert.equal(takeAll(smaller, 1500), 0);
    assert.equal(takeAll(smaller, 2000), 1);
  });

  it("gives no token out twice, however many threads ask", async (t) => {
    const memory = new SharedArrayBuffer(8);
    const source = `
      const { parentPort, workerData } = require("node:worker_threads");
      import(workerData.module).then(({ SharedTokenBucket }) => {
        const settings = { maxTokens: 20_000, tokensPerFill: 1, fillIntervalMs: 1_000_000 };
        const bucket = new SharedTokenBucket(new Int32Array(workerData.memory), 0, settings);
        let taken = 0;
        while (bucket.tryTake(1000)) taken++;
        parentPort.postMessage(taken);
      });`;
    const module = new URL("../../../src/base/shared-token-bucket.ts", import.meta.url).href;
    const workers = Array.from({ length: 3 }, () => new Worker(source, { eval: true, workerData: { memory, module } }));
    t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
    const taken = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as number));
    assert.equal(
      taken.reduce((sum, count) => sum + count, 0),
      20_000,
    );
  });
});
