import type { Actor, ActorContext, ActorSpec } from "../../src/actor/actor.ts";
import type { StatsSnapshot } from "../../src/stats/merged-stat.ts";
import type { StatsMessage } from "./protocol.ts";
import type { ServerStats } from "./server-stats.ts";
import type { ThreadStats } from "./thread-stats.ts";

/** Waiting messages are bounded by the workers: each has one report under way. Only a runaway reaches this. */
const MAILBOX_CAPACITY = 10_000;

/** What the stats actor is made of. */
export interface StatsOptions {
  readonly threads: ThreadStats;
  readonly serverStats: ServerStats;
  /** `stats_flush_interval`; 0 = only when told to. */
  readonly flushIntervalMs: number;
  /** Where the stats go at the end of each interval; default: nowhere. */
  readonly sinks?: StatsReceivers;
}

/** Takes the stats of the process at the end of each flush interval. */
export interface StatsReceivers {
  flush(stats: StatsSnapshot): void;
}

/** Spec of the actor that merges the stats of all threads. Main thread; others read `ThreadStats.merge`. */
export function statsSpec(options: StatsOptions): ActorSpec<StatsMessage> {
  return {
    name: "stats",
    kind: "stats",
    mailbox: { capacity: MAILBOX_CAPACITY },
    create: (context) => new StatsActor(context, options),
  };
}

class StatsActor implements Actor<StatsMessage> {
  readonly #context: ActorContext<StatsMessage>;
  readonly #options: StatsOptions;

  constructor(context: ActorContext<StatsMessage>, options: StatsOptions) {
    this.#context = context;
    this.#options = options;
  }

  start(): void {
    this.#bringUpToDate();
    this.#waitForNextFlush();
  }

  receive(message: StatsMessage): void {
    const { threads } = this.#options;
    switch (message.type) {
      case "threadJoined":
        threads.joined(message);
        break;
      case "threadReported":
        threads.reported(message, message.delta, message.newMemory);
        break;
      case "threadLeft":
        threads.left(message);
        break;
      case "bringUpToDate":
        this.#bringUpToDate();
        this.#context.reply(message, { type: "upToDate" });
        break;
      case "resetCounters":
        this.#bringUpToDate();
        threads.merge.resetCounters();
        break;
      case "flush":
        this.#flush();
        this.#context.reply(message, { type: "upToDate" });
        break;
      case "flushIntervalPassed":
        this.#flush();
        this.#waitForNextFlush();
        break;
      default:
        this.#context.unhandled(message);
    }
  }

  inspect(): unknown {
    const { threads, flushIntervalMs } = this.#options;
    const { threadCount, droppedCount, merge } = threads;
    return { stats: merge.size, threads: threadCount, droppedReports: droppedCount, flushIntervalMs };
  }

  #bringUpToDate(): void {
    const { threads, serverStats } = this.#options;
    serverStats.refresh();
    threads.bringUpToDate();
    this.#context.setAttribute("stats", threads.merge.size);
    this.#context.setAttribute("threads", threads.threadCount);
    if (threads.droppedCount > 0) this.#context.setAttribute("droppedReports", threads.droppedCount);
  }

  #flush(): void {
    const { threads, sinks } = this.#options;
    this.#bringUpToDate();
    threads.merge.flush();
    sinks?.flush(threads.merge);
  }

  #waitForNextFlush(): void {
    if (this.#options.flushIntervalMs > 0)
      this.#context.sendLater(this.#options.flushIntervalMs, { type: "flushIntervalPassed" });
  }
}
