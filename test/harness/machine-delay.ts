/** How late timers were: what a busy machine, and not what is tested, added to the time that something took. */
export class MachineDelay {
  static readonly #intervalMs = 20;
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();
  #lateMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#note(), MachineDelay.#intervalMs);
  }

  /** Ends the watch; answers milliseconds. */
  stop(): number {
    clearInterval(this.#timer);
    this.#note();
    return this.#lateMs;
  }

  #note(): void {
    const nowMs = performance.now();
    this.#lateMs += Math.max(nowMs - this.#lastMs - MachineDelay.#intervalMs, 0);
    this.#lastMs = nowMs;
  }
}
