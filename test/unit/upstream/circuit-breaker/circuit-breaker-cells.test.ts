import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { SLOTS_PER_CHUNK } from "../../../../src/upstream/circuit-breaker/breaker-layout.ts";
import { BreakerMemory } from "../../../../src/upstream/circuit-breaker/breaker-memory.ts";
import { CircuitBreakerCells } from "../../../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import { DEFAULT_THRESHOLDS } from "../cluster-fixture.ts";
import type { BreakerWorkerOrder, BreakerWorkerReport } from "./breaker-worker.ts";

const REQUESTS_CELL = 2;

async function startWorkers(count: number, order: (at: number) => BreakerWorkerOrder): Promise<Worker[]> {
  const script = new URL("./breaker-worker.ts", import.meta.url);
  const workers = Array.from({ length: count }, (_, at) => new Worker(script, { workerData: order(at) }));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  return workers;
}

async function run(worker: Worker): Promise<BreakerWorkerReport> {
  worker.postMessage("go");
  const [report] = (await once(worker, "message")) as [BreakerWorkerReport];
  return report;
}

function breakersOf(cells: CircuitBreakerCells, workerSlot: number, cluster: string, maxRequests = 1024) {
  const slot = cells.allocate(cluster);
  const memory = new BreakerMemory();
  memory.attach(cells.chunksFor(workerSlot));
  return memory.breakers(slot, "default", { ...DEFAULT_THRESHOLDS, maxRequests });
}

describe("Circuit breakers of several threads", () => {
  it("let through exactly as many as the limit says, however many try at once", async () => {
    const cells = new CircuitBreakerCells();
    const slot = cells.allocate("one");
    const workers = await startWorkers(3, (at) => ({
      chunks: cells.chunksFor(at),
      slot,
      maxRequests: 1000,
      tries: 900,
      giveBack: false,
    }));
    const reports = await Promise.all(workers.map(run));
    assert.equal(
      reports.reduce((sum, report) => sum + report.acquired, 0),
      1000,
    );
    assert.equal(cells.counts("one")[REQUESTS_CELL], 1000);
    await workers[0]!.terminate();
    cells.reclaimWorker(0);
    assert.equal(cells.counts("one")[REQUESTS_CELL], 1000 - reports[0]!.acquired);
    await Promise.all(workers.map((worker) => worker.terminate()));
    for (const at of [1, 2]) cells.reclaimWorker(at);
    assert.deepEqual(cells.counts("one"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("never pass the limit while others come and go", async () => {
    const cells = new CircuitBreakerCells();
    const slot = cells.allocate("one");
    const workers = await startWorkers(3, (at) => ({
      chunks: cells.chunksFor(at),
      slot,
      maxRequests: 2,
      tries: 200_000,
      giveBack: true,
    }));
    const reports = await Promise.all(workers.map(run));
    for (const report of reports) assert.ok(report.highestCount <= 2, `${report.highestCount} at once`);
    assert.equal(cells.counts("one")[REQUESTS_CELL], 0);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
});

describe("SharedCircuitBreaker", () => {
  it("sees what other workers hold", () => {
    const cells = new CircuitBreakerCells();
    const [a, b] = [breakersOf(cells, 0, "one", 2), breakersOf(cells, 1, "one", 2)];
    assert.equal(a.requests.tryAcquire(), true);
    assert.equal(b.requests.tryAcquire(), true);
    assert.equal(a.requests.tryAcquire(), false);
    assert.deepEqual([a.requests.count, b.requests.canCreate], [2, false]);
    b.requests.release();
    assert.equal(a.requests.tryAcquire(), true);
  });

  it("takes one beyond the limit if it must", () => {
    const { connections } = breakersOf(new CircuitBreakerCells(), 0, "one");
    connections.setMax(0);
    assert.equal(connections.tryAcquire(), false);
    connections.acquire();
    assert.equal(connections.count, 1);
  });

  it("allows retries by a budget: a share of what is active and pending everywhere, but never less than its minimum", () => {
    const cells = new CircuitBreakerCells();
    const [a, b] = [breakersOf(cells, 0, "one", 100), breakersOf(cells, 1, "one", 100)];
    for (const { retries } of [a, b]) retries.setBudget({ budgetPercent: 25, minRetryConcurrency: 2 });
    assert.deepEqual(
      [a.retries.max, a.retries.tryAcquire(), b.retries.tryAcquire(), a.retries.tryAcquire()],
      [2, true, true, false],
    );
    for (let i = 0; i < 8; i++) a.requests.acquire();
    for (let i = 0; i < 5; i++) b.pendingRequests.acquire();
    assert.deepEqual([b.retries.max, b.retries.tryAcquire(), a.retries.canCreate], [3, true, false]);
    a.retries.setBudget(null);
    assert.equal(a.retries.max, 3);
  });

  it("keeps clusters, resources and priorities apart", () => {
    const cells = new CircuitBreakerCells();
    breakersOf(cells, 0, "one").retries.acquire();
    assert.deepEqual(cells.counts("one"), [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    breakersOf(cells, 0, "two").connections.acquire();
    assert.deepEqual(cells.counts("two"), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("CircuitBreakerCells", () => {
  it("gives a name the same slot until it is released", () => {
    const cells = new CircuitBreakerCells();
    const slot = cells.allocate("one");
    assert.equal(cells.allocate("one"), slot);
    assert.notEqual(cells.allocate("two"), slot);
    assert.notEqual(cells.allocate("__proto__"), slot);
  });

  it("uses a released slot again only when nothing is held any more", () => {
    const cells = new CircuitBreakerCells();
    const slot = cells.allocate("one");
    const { requests } = breakersOf(cells, 0, "one");
    requests.acquire();
    cells.release("one");
    assert.notEqual(cells.allocate("two"), slot);
    requests.release();
    assert.equal(cells.allocate("three"), slot);
  });

  it("finds free slots behind many that still drain", () => {
    const cells = new CircuitBreakerCells();
    for (let at = 0; at < 100; at++) breakersOf(cells, 0, `busy-${at}`).requests.acquire();
    const free = cells.allocate("free");
    for (let at = 0; at < 100; at++) cells.release(`busy-${at}`);
    cells.release("free");
    const slots = Array.from({ length: 10 }, (_, at) => cells.allocate(`new-${at}`));
    assert.ok(slots.includes(free), slots.join());
  });

  it("grows by blocks, and old blocks stay where they are", () => {
    const cells = new CircuitBreakerCells();
    for (let at = 0; at <= SLOTS_PER_CHUNK; at++) cells.allocate(`cluster-${at}`);
    const [first, second] = cells.chunksFor(0);
    assert.equal(cells.chunksFor(0)[0]!.totals, first!.totals);
    assert.equal(cells.chunksFor(1)[1]!.totals, second!.totals);
    assert.notEqual(cells.chunksFor(1)[1]!.share, second!.share);
    breakersOf(cells, 0, `cluster-${SLOTS_PER_CHUNK}`).requests.acquire();
    assert.equal(cells.counts(`cluster-${SLOTS_PER_CHUNK}`)[REQUESTS_CELL], 1);
    assert.equal(cells.counts("cluster-0")[REQUESTS_CELL], 0);
  });

  it("knows nothing of clusters it never saw", () => {
    const cells = new CircuitBreakerCells();
    cells.release("ghost");
    cells.reclaimWorker(7);
    assert.deepEqual(cells.counts("ghost"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
