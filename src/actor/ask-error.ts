/**
 * Why an ask got no reply.
 * - `timeout`: the deadline passed.
 * - `stopped`: the actor stopped, or had stopped already, before it replied.
 * - `crashed`: the actor (or its thread) crashed while it held the question.
 * - `mailbox_full`: no room for the question.
 * - `unreachable`: no such actor, or no way to its thread any more.
 * - `refused`: the actor replied with an error.
 */
export type AskFailure = "timeout" | "stopped" | "crashed" | "mailbox_full" | "unreachable" | "refused";

/** Rejection of an ask. `reason` is for code, the message for people and names the actor and the message type. */
export class AskError extends Error {
  override readonly name = "AskError";
  readonly reason: AskFailure;

  constructor(reason: AskFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The text of anything thrown. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return error.message === "" ? error.name : error.message;
  return String(error);
}
