import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pack } from "msgpackr";
import type { PrepareSnapshot } from "../../../../actors/worker/protocol.ts";
import type { SnapshotChange } from "../../../../actors/worker/runtime.ts";
import { SnapshotSteps } from "../../../../actors/worker/snapshot-steps.ts";
import { IdleRuntime } from "./fixtures/idle-runtime.ts";

class StepsRuntime extends IdleRuntime {
  readonly calls: string[] = [];
  readonly changes: SnapshotChange[] = [];
  gate: Promise<void> = Promise.resolve();

  override async prepare(change: SnapshotChange): Promise<void> {
    this.calls.push(`prepare ${change.version}`);
    this.changes.push(change);
    await this.gate;
  }

  override async commit(version: number): Promise<void> {
    this.calls.push(`commit ${version}`);
  }

  override abort(version: number): void {
    this.calls.push(`abort ${version}`);
  }
}

const prepare = (version: number, more: Partial<PrepareSnapshot> = {}): PrepareSnapshot => ({
  type: "prepareSnapshot",
  version,
  baseVersion: version - 1,
  full: false,
  upserts: pack([]),
  removed: [],
  extensions: [],
  sockets: [],
  extras: undefined,
  ...more,
});

describe("SnapshotSteps", () => {
  it("prepares, then commits", async () => {
    const runtime = new StepsRuntime();
    const steps = new SnapshotSteps(runtime);
    const upserts = pack([{ kind: "cluster", name: "a", hash: "1", data: pack({ weight: 3 }) }]);
    assert.deepEqual(await steps.prepare(prepare(1, { upserts })), { type: "snapshotPrepared", version: 1 });
    assert.equal(steps.appliedVersion, 0);
    assert.deepEqual(await steps.commit(1), { type: "snapshotApplied", version: 1 });
    assert.equal(steps.appliedVersion, 1);
    assert.deepEqual(runtime.changes[0]?.upserts, [{ kind: "cluster", name: "a", hash: "1", data: { weight: 3 } }]);
  });

  it("lets an abort that overtakes nothing find what is still being prepared", async () => {
    const runtime = new StepsRuntime();
    const gate = Promise.withResolvers<void>();
    runtime.gate = gate.promise;
    const steps = new SnapshotSteps(runtime);
    const prepared = steps.prepare(prepare(1));
    const aborted = steps.abort(1);
    gate.resolve();
    await Promise.all([prepared, aborted]);
    assert.deepEqual(runtime.calls, ["prepare 1", "abort 1"]);
    assert.equal((await steps.commit(1)).type, "snapshotRefused");
  });

  const refusals: readonly { name: string; message: PrepareSnapshot; reason: RegExp }[] = [
    { name: "a version that is not above its own", message: prepare(5, { full: true }), reason: /not above 5/ },
    { name: "a change of a version it lacks", message: prepare(7), reason: /based on version 6, but 5 is in force/ },
    {
      name: "bytes that are no snapshot",
      message: prepare(6, { upserts: new Uint8Array([0xc1]) }),
      reason: /the snapshot can't be read/,
    },
  ];
  for (const { name, message, reason } of refusals) {
    it(`refuses ${name}, and goes on`, async () => {
      const steps = new SnapshotSteps(new StepsRuntime());
      await steps.prepare(prepare(5, { full: true }));
      await steps.commit(5);
      const reply = await steps.prepare(message);
      assert.equal(reply.type, "snapshotRefused");
      assert.match(reply.type === "snapshotRefused" ? reply.reason : "", reason);
      assert.equal((await steps.prepare(prepare(6))).type, "snapshotPrepared");
      assert.equal((await steps.commit(6)).type, "snapshotApplied");
    });
  }

  it("refuses a second version while one is prepared", async () => {
    const steps = new SnapshotSteps(new StepsRuntime());
    await steps.prepare(prepare(1));
    const reply = await steps.prepare(prepare(2));
    assert.deepEqual(reply, { type: "snapshotRefused", version: 2, reason: "version 1 is prepared already" });
  });
});
