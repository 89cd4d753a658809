import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { RandomSource } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { Schedule } from "../base/turn.ts";
import type { ActorEvent } from "./actor-event.ts";
import type { DeadLetters } from "./inspection/dead-letters.ts";

/** What all actors of one thread share. */
export interface ActorEnvironment {
  /** Name of this thread, such as `main` or `worker-1`. */
  readonly thread: string;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly log: Logger;
  /** Runs an actor's next batch of messages. In a running proxy `nextTurn`. */
  readonly schedule: Schedule;
  readonly deadLetters: DeadLetters;
  /** Recent messages kept per actor. */
  readonly recentMessages: number;
  /** Mailbox length from which the alarm is raised. */
  readonly alarmLength: number;
  /** Told of everything worth knowing about actors. Must not throw. */
  readonly onEvent: (event: ActorEvent) => void;
}
