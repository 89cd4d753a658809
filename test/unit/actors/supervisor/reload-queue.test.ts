import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReloadOutcome } from "../../../../actors/supervisor/protocol.ts";
import { ReloadQueue } from "../../../../actors/supervisor/reload-queue.ts";
import { SerialQueue } from "../../../../actors/supervisor/serial-queue.ts";

const request = (label: string) => ({ source: { label }, cause: "test" });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("ReloadQueue", () => {
  it("runs one at a time and only the newest of those that wait", async () => {
    const started: string[] = [];
    const gates: ((outcome: ReloadOutcome) => void)[] = [];
    const queue = new ReloadQueue(new SerialQueue(), ({ source }) => {
      started.push(source.label);
      return new Promise((resolve) => gates.push(resolve));
    });
    const first = queue.request(request("first"));
    await turn();
    const second = queue.request(request("second"));
    const third = queue.request(request("third"));
    await turn();
    assert.deepEqual(started, ["first"]);
    gates[0]?.({ outcome: "unchanged", version: 1, warnings: [] });
    await first;
    await turn();
    assert.deepEqual(started, ["first", "third"]);
    assert.equal(queue.busy, true);
    gates[1]?.({ outcome: "unchanged", version: 2, warnings: [] });
    assert.equal(await second, await third);
    await turn();
    assert.equal(queue.busy, false);
  });
});

describe("SerialQueue", () => {
  it("goes on after a job that fails", async () => {
    const queue = new SerialQueue();
    const failed = queue.run(() => Promise.reject(new Error("no")));
    const done = queue.run(async () => "yes");
    assert.equal(queue.length, 2);
    await assert.rejects(failed, /no/);
    assert.equal(await done, "yes");
    await turn();
    assert.equal(queue.length, 0);
  });
});
