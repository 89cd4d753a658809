import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MailboxAlarm } from "../../../src/actor/mailbox-alarm.ts";

describe("MailboxAlarm", () => {
  it("is raised once on the way up and again only after the length has fallen to half", () => {
    const alarm = new MailboxAlarm(10);
    const edges = [5, 10, 11, 12, 9, 11, 6, 5, 11].map((length) => alarm.observe(length));
    assert.deepEqual(edges, [
      undefined,
      undefined,
      "raised",
      undefined,
      undefined,
      undefined,
      undefined,
      "cleared",
      "raised",
    ]);
    assert.equal(alarm.raisedCount, 2);
  });
});
