declare const replyType: unique symbol;

/** Anything that can be sent: a member of a discriminated union, all fields readonly, structured-cloneable. */
export interface Message {
  readonly type: string;
}

/** A message that is answered with a `Reply`. The mark exists in types only. */
export interface Question<Reply> extends Message {
  readonly [replyType]?: Reply;
}

/** What a message is answered with; `never` if it is not a `Question`. */
export type ReplyOf<M extends Message> = typeof replyType extends keyof M
  ? M extends Question<infer Reply>
    ? Reply
    : never
  : never;

/** The members of a protocol that can be asked. */
export type QuestionsOf<M extends Message> = M extends Message ? (typeof replyType extends keyof M ? M : never) : never;

/** What protocol `M` answers to `Q`, looked up by type name: an object literal doesn't carry the mark itself. */
export type ReplyIn<M extends Message, Q extends Message> = ReplyOf<
  Extract<QuestionsOf<M>, { readonly type: Q["type"] }>
>;

/** How an actor ended for good. */
export interface ActorEnd {
  /** Id of the actor. */
  readonly id: string;
  /** `failed`: crashed and not restarted any more. `unreachable`: its thread is gone. */
  readonly reason: "stopped" | "failed" | "unreachable";
  /** The last error, if there was one. */
  readonly error: string | undefined;
}

/** An actor whose protocol doesn't matter: to be watched or stopped. */
export interface ActorHandle {
  /** Path of names from the root, such as `supervisor/worker-1`. */
  readonly id: string;

  /**
   * Death watch: calls `onEnd` once when the actor has ended for good, at once if it already has. A restart is no end.
   * Returns a function that stops watching.
   */
  watch(onEnd: (end: ActorEnd) => void): () => void;
}

/** The only way others reach an actor. The same for an actor on this thread and on another. */
export interface ActorRef<M extends Message> extends ActorHandle {
  /** Sends a message and forgets it. Never throws; what can't be delivered is counted as a dead letter. */
  tell(message: M): void;

  /**
   * Sends a question and waits for its reply. Rejects with an `AskError` after `deadlineMs`, or sooner when the actor
   * stops, crashes while it holds the question, or has no room for it. Never hangs.
   */
  ask<Q extends QuestionsOf<M>>(question: Q, deadlineMs: number): Promise<ReplyIn<M, Q>>;
}
