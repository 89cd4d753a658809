import type { Actor, ActorContext, ActorSpec } from "../../src/actor/actor.ts";
import type { ActorEnd, Question } from "../../src/actor/actor-ref.ts";

/** What the probe actor understands. */
export type Probe =
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "crash" }
  | { readonly type: "keep"; readonly text: string }
  | { readonly type: "release" }
  | { readonly type: "later"; readonly delayMs: number }
  | { readonly type: "hang" }
  | { readonly type: "childEnded"; readonly end: ActorEnd }
  | ({ readonly type: "double"; readonly value: number } & Question<number>)
  | ({ readonly type: "never" } & Question<number>);

/** An actor for tests of the kit. Writes down what it sees, into a list that outlives its restarts. */
export class ProbeActor implements Actor<Probe> {
  readonly context: ActorContext<Probe>;
  readonly seen: string[];

  constructor(context: ActorContext<Probe>, seen: string[]) {
    this.context = context;
    this.seen = seen;
  }

  receive(message: Probe): void | Promise<void> {
    switch (message.type) {
      case "crash":
        throw new Error("told to crash");
      case "keep":
        this.context.stash(message);
        this.seen.push(`kept ${message.text}`);
        return;
      case "release":
        this.context.unstashAll();
        return;
      case "later":
        this.context.sendLater(message.delayMs, { type: "note", text: "later" });
        return;
      case "hang":
        return new Promise(() => {});
      case "double":
        this.context.reply(message, message.value * 2);
        return;
      case "note":
        this.seen.push(message.text);
        return;
      case "childEnded":
        this.seen.push(`${message.end.id} ${message.end.reason}`);
        return;
      case "never":
        return;
    }
  }
}

/** Spec of a probe that writes into `seen`. */
export function probe(seen: string[], more: Partial<ActorSpec<Probe>> = {}): ActorSpec<Probe> {
  return { name: "probe", kind: "probe", create: (context) => new ProbeActor(context, seen), ...more };
}
