/**
 * Watches the length of one mailbox and reports once when it passes the limit. It reports again only after the length
 * has fallen to half of the limit, so that a mailbox at its limit doesn't flood the log.
 */
export class MailboxAlarm {
  readonly #limit: number;
  #raised = false;
  /** How often it was raised. */
  raisedCount = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** True from passing the limit until the length has fallen again. */
  get raised(): boolean {
    return this.#raised;
  }

  /** Returns `raised` or `cleared` on the edge, otherwise undefined. */
  observe(length: number): "raised" | "cleared" | undefined {
    if (!this.#raised && length > this.#limit) {
      this.#raised = true;
      this.raisedCount++;
      return "raised";
    }
    if (this.#raised && length <= this.#limit / 2) {
      this.#raised = false;
      return "cleared";
    }
    return undefined;
  }
}
