import type { Clock } from "./clock.ts";

/** Width of a slot. A timer fires at most this much late, never early. */
const SLOT_MS = 10;
/** Slots of the wheel: one turn takes 40.96 s. Timers further away stay in their slot for more than one turn. */
const SLOT_COUNT = 4096;
/** How many slots a tick sleeps at most while nothing is armed: what holds an idle thread up for longer is always seen as lateness. */
const IDLE_TICK_SLOTS = 10;

/**
 * The timers of one thread. Arming and disarming cost a few pointer writes and allocate nothing, so that each
 * request may carry several timeouts. Driven by one `setTimeout`, which runs only while some timer is armed and does
 * not keep the process alive. Precision: a timer fires 0–10 ms late; after a
 * stall of the thread, when what has come meanwhile was read. It ticks at each slot while timers are being armed; when none was
 * armed since the last tick, it sleeps to the next that is due, for an idle thread should cost next to nothing.
 */
export class TimerWheel {
  readonly clock: Clock;
  readonly #slots: (WheelTimer | undefined)[] = new Array(SLOT_COUNT);
  readonly #drive: boolean;
  #armed = 0;
  /** Number of the last slot (since the clock's origin) whose timers have fired. */
  #turnedTo: number;
  #ticker: NodeJS.Timeout | undefined;
  /** Set from a late tick to the end of the event loop's turn. */
  #lateTurn: NodeJS.Immediate | undefined;
  /** The slot at which the ticker wakes; a timer due before it needs the ticker to start again. */
  #wakeSlot = 0;
  #armedSinceTick = false;
  #longestLatenessMs = 0;

  /** `drive: false` leaves it to the caller (a test) to call `advance`. */
  constructor(clock: Clock, options: { readonly drive?: boolean } = {}) {
    this.clock = clock;
    this.#drive = options.drive ?? true;
    this.#turnedTo = Math.floor(clock.nowMs() / SLOT_MS);
  }

  /** How many timers are armed; leak tests watch it. */
  get armedCount(): number {
    return this.#armed;
  }

  /**
   * By how much the wheel's own ticks were late at most since the last call: how long the thread's event loop was held up. Known
   * only while timers are armed.
   */
  takeLongestLatenessMs(): number {
    const longestMs = this.#longestLatenessMs;
    this.#longestLatenessMs = 0;
    return longestMs;
  }

  /** Makes a timer that calls `onTimeout` once per arming. It starts disarmed. */
  timer(onTimeout: () => void): WheelTimer {
    return new WheelTimer(this, onTimeout);
  }

  /** Fires what is due at the clock's present time. An `onTimeout` that throws stops the turn and is thrown on. */
  advance(): void {
    const target = this.#presentSlot();
    const steps = Math.min(target - this.#turnedTo, SLOT_COUNT);
    for (let step = steps - 1; step >= 0; step--) this.#fireSlot(target - step);
    if (target > this.#turnedTo) this.#turnedTo = target;
  }

  /** Stops the driving ticker. Armed timers never fire afterwards. */
  stop(): void {
    clearTimeout(this.#ticker);
    clearImmediate(this.#lateTurn);
    this.#ticker = undefined;
    this.#lateTurn = undefined;
  }

  /** @internal For `WheelTimer` only. */
  link(timer: WheelTimer): void {
    // Nothing is in the slots that passed while the wheel was empty.
    if (this.#armed === 0) this.#turnedTo = Math.max(this.#turnedTo, this.#presentSlot() - 1);
    // Timers armed while the wheel is late must not land in a slot it has already passed.
    const due = Math.max(Math.ceil(timer.deadlineMs / SLOT_MS), this.#turnedTo + 1);
    const index = due % SLOT_COUNT;
    const head = this.#slots[index];
    timer.slot = index;
    timer.dueSlot = due;
    timer.previous = undefined;
    timer.next = head;
    if (head !== undefined) head.previous = timer;
    this.#slots[index] = timer;
    this.#armed++;
    this.#armedSinceTick = true;
    if (this.#drive && (this.#ticker === undefined || due < this.#wakeSlot)) this.#startTicker();
  }

  /** @internal For `WheelTimer` only. */
  unlink(timer: WheelTimer): void {
    if (timer.previous !== undefined) timer.previous.next = timer.next;
    else this.#slots[timer.slot] = timer.next;
    if (timer.next !== undefined) timer.next.previous = timer.previous;
    timer.next = undefined;
    timer.previous = undefined;
    timer.slot = -1;
    this.#armed--;
  }

  #fireSlot(slotNumber: number): void {
    const index = ((slotNumber % SLOT_COUNT) + SLOT_COUNT) % SLOT_COUNT;
    let timer = this.#slots[index];
    while (timer !== undefined) {
      if (timer.dueSlot <= slotNumber) {
        this.unlink(timer);
        timer.fire();
        // The callback may have changed the list in any way, so the walk starts again.
        timer = this.#slots[index];
      } else {
        timer = timer.next;
      }
    }
  }

  #startTicker(): void {
    const slots = this.#armedSinceTick ? 1 : this.#slotsToSleep();
    this.#armedSinceTick = false;
    this.#wakeSlot = this.#presentSlot() + slots;
    const dueMs = this.clock.nowMs() + slots * SLOT_MS;
    clearTimeout(this.#ticker);
    this.#ticker = setTimeout(() => this.#tick(dueMs), slots * SLOT_MS);
    this.#ticker.unref();
  }

  #tick(dueMs: number): void {
    const latenessMs = this.clock.nowMs() - dueMs;
    this.#longestLatenessMs = Math.max(this.#longestLatenessMs, latenessMs);
    // The event loop runs timers first. After a stall, the answer that a timeout waits for may have come long ago: it is read before.
    if (latenessMs > SLOT_MS) this.#lateTurn = setImmediate(() => this.#turn());
    else this.#turn();
  }

  #turn(): void {
    // The one that has fired, or one that was started while a late turn waited: there is never a second.
    clearTimeout(this.#ticker);
    this.#ticker = undefined;
    this.#lateTurn = undefined;
    try {
      this.advance();
    } finally {
      if (this.#armed > 0 && this.#ticker === undefined) this.#startTicker();
    }
  }

  #presentSlot(): number {
    return Math.floor(this.clock.nowMs() / SLOT_MS);
  }

  /** Slots up to the next one with a timer that is due then, at most `IDLE_TICK_SLOTS`. */
  #slotsToSleep(): number {
    for (let slots = 1; slots < IDLE_TICK_SLOTS; slots++) {
      const slotNumber = this.#turnedTo + slots;
      let timer = this.#slots[slotNumber % SLOT_COUNT];
      while (timer !== undefined && timer.dueSlot > slotNumber) timer = timer.next;
      if (timer !== undefined) return slots;
    }
    return IDLE_TICK_SLOTS;
  }
}

/** One reusable timeout of a `TimerWheel`. Arming an armed timer moves it; disarming a disarmed one does nothing. */
export class WheelTimer {
  readonly #wheel: TimerWheel;
  readonly #onTimeout: () => void;
  /** @internal The wheel's bookkeeping. */
  slot = -1;
  /** @internal */
  dueSlot = 0;
  /** @internal */
  deadlineMs = 0;
  /** @internal */
  next: WheelTimer | undefined = undefined;
  /** @internal */
  previous: WheelTimer | undefined = undefined;

  constructor(wheel: TimerWheel, onTimeout: () => void) {
    this.#wheel = wheel;
    this.#onTimeout = onTimeout;
  }

  get armed(): boolean {
    return this.slot !== -1;
  }

  /** Fires once, `delayMs` from now (0 = at the next turn of the wheel). */
  arm(delayMs: number): void {
    if (this.slot !== -1) this.#wheel.unlink(this);
    this.deadlineMs = this.#wheel.clock.nowMs() + delayMs;
    this.#wheel.link(this);
  }

  disarm(): void {
    if (this.slot !== -1) this.#wheel.unlink(this);
  }

  /** @internal Called by the wheel. */
  fire(): void {
    this.#onTimeout();
  }
}
