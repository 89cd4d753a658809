import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Mailbox } from "../../../src/actor/mailbox.ts";
import { PendingAsk } from "../../../src/actor/pending-ask.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

interface Note {
  readonly type: string;
  readonly text: string;
}
const note = (text: string, type = "note"): Note => ({ type, text });
const texts = (mailbox: Mailbox<Note>): string[] => mailbox.clear().map((envelope) => envelope.message.text);

describe("Mailbox", () => {
  it("hands messages out in the order they came", () => {
    const mailbox = new Mailbox<Note>();
    for (let i = 0; i < 500; i++) mailbox.offer(note(String(i)), 0);
    for (let i = 0; i < 500; i++) assert.equal(mailbox.take()?.message.text, String(i));
    assert.equal(mailbox.take(), undefined);
    assert.equal(mailbox.length, 0);
  });

  it("drops the newest message when it is full", () => {
    const mailbox = new Mailbox<Note>({ capacity: 2 });
    mailbox.offer(note("a"), 0);
    mailbox.offer(note("b"), 0);
    const offer = mailbox.offer(note("c"), 0);
    assert.equal(offer.outcome, "dropped");
    assert.equal(mailbox.dropped, 1);
    assert.deepEqual(texts(mailbox), ["a", "b"]);
  });

  it("drops the oldest message when told so, but never a question", () => {
    const clock = new FakeClock();
    const ask = new PendingAsk(clock.timers, 1000, "test", () => {});
    ask.promise.catch(() => {});
    const mailbox = new Mailbox<Note>({ capacity: 2, overflow: "drop_oldest" });
    mailbox.offer(note("question"), 0, ask);
    mailbox.offer(note("a"), 0);
    mailbox.offer(note("b"), 0);
    assert.deepEqual(texts(mailbox), ["question", "b"]);
  });

  it("lets the latest message with a key take the place of the waiting one", () => {
    const mailbox = new Mailbox<Note>({ coalesceBy: (message) => (message.type === "level" ? "level" : undefined) });
    mailbox.offer(note("old", "level"), 5);
    mailbox.offer(note("between"), 6);
    const offer = mailbox.offer(note("new", "level"), 7);
    assert.equal(offer.outcome, "coalesced");
    assert.equal(mailbox.coalesced, 1);
    assert.equal(mailbox.oldestAgeMs(15), 10);
    assert.deepEqual(texts(mailbox), ["new", "between"]);
  });

  it("does not coalesce with a message that was taken already", () => {
    const mailbox = new Mailbox<Note>({ coalesceBy: () => "k" });
    mailbox.offer(note("first"), 0);
    mailbox.take();
    assert.equal(mailbox.offer(note("second"), 0).outcome, "queued");
    assert.deepEqual(texts(mailbox), ["second"]);
  });

  it("lets signals pass the bound and the queue", () => {
    const mailbox = new Mailbox<Note>({ capacity: 1 });
    mailbox.offer(note("a"), 0);
    mailbox.signal(note("signal"), 0);
    assert.deepEqual(texts(mailbox), ["signal", "a"]);
  });

  it("puts taken messages back ahead of those that came later", () => {
    const mailbox = new Mailbox<Note>();
    mailbox.offer(note("a"), 0);
    mailbox.offer(note("b"), 0);
    const taken = mailbox.take();
    assert.ok(taken);
    mailbox.putBack([taken]);
    assert.deepEqual(texts(mailbox), ["a", "b"]);
  });
});
