import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { onStopSignals } from "../../../actors/stop-signals.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

class FakeProcess extends EventEmitter {
  readonly calls: string[] = [];

  exit(code: number): void {
    this.calls.push(`exit ${code}`);
  }
}

describe("onStopSignals", () => {
  const rows: { name: string; signals: [string, afterMs: number][]; calls: string[] }[] = [
    { name: "stops on the first SIGTERM", signals: [["SIGTERM", 0]], calls: ["stop"] },
    { name: "stops on the first SIGINT", signals: [["SIGINT", 0]], calls: ["stop"] },
    {
      name: "exits on the second SIGTERM however soon it comes",
      signals: [
        ["SIGTERM", 0],
        ["SIGTERM", 0],
      ],
      calls: ["stop", "exit 1"],
    },
    {
      name: "takes two SIGINTs that come together for one Ctrl-C",
      signals: [
        ["SIGINT", 0],
        ["SIGINT", 199],
      ],
      calls: ["stop"],
    },
    {
      name: "exits on a second Ctrl-C",
      signals: [
        ["SIGINT", 0],
        ["SIGINT", 200],
      ],
      calls: ["stop", "exit 1"],
    },
    {
      name: "exits on a SIGTERM right after a SIGINT",
      signals: [
        ["SIGINT", 0],
        ["SIGTERM", 1],
      ],
      calls: ["stop", "exit 1"],
    },
  ];
  for (const { name, signals, calls } of rows) {
    it(name, () => {
      const target = new FakeProcess();
      const clock = new FakeClock();
      onStopSignals(target, clock, () => target.calls.push("stop"));
      for (const [signal, afterMs] of signals) {
        clock.advance(afterMs);
        target.emit(signal);
      }
      assert.deepEqual(target.calls, calls);
    });
  }
});
