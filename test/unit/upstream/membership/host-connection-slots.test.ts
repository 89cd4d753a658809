import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BreakerMemory } from "../../../../src/upstream/circuit-breaker/breaker-memory.ts";
import { CircuitBreakerCells } from "../../../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import { HostConnectionSlots } from "../../../../src/upstream/membership/host-connection-slots.ts";

describe("The counts of a cluster's hosts", () => {
  it("stay where they are as long as the host does, apart from those of all other hosts", () => {
    const cells = new CircuitBreakerCells();
    const [one, other] = [new HostConnectionSlots("one", cells), new HostConnectionSlots("other", cells)];
    one.update(["a:1", "b:1"]);
    other.update(["a:1"]);
    const slots = [one.slotOf("a:1"), one.slotOf("b:1"), other.slotOf("a:1")];
    assert.equal(new Set(slots).size, 3);
    one.update(["c:1", "b:1", "a:1"]);
    assert.deepEqual([one.slotOf("a:1"), one.slotOf("b:1")], slots.slice(0, 2));
  });

  it("go to other hosts when the host is gone and its last connection too", () => {
    const cells = new CircuitBreakerCells();
    const slots = new HostConnectionSlots("one", cells);
    slots.update(["a:1"]);
    const slot = slots.slotOf("a:1")!;
    const memory = new BreakerMemory();
    memory.attach(cells.chunksFor(1));
    const connections = memory.count(slot, 1);
    assert.deepEqual([connections.tryAcquire(), connections.tryAcquire()], [true, false]);
    slots.update([]);
    assert.equal(slots.slotOf("a:1"), undefined);
    slots.update(["a:1"]);
    assert.notEqual(slots.slotOf("a:1"), slot);
    connections.release();
    slots.update(["a:1", "b:1"]);
    assert.equal(slots.slotOf("b:1"), slot);
    slots.close();
    assert.equal(slots.slotOf("b:1"), undefined);
  });
});
