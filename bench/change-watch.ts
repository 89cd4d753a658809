import { monitorEventLoopDelay } from "node:perf_hooks";
import { LoadClient } from "../test/harness/load-client.ts";
import { describeLoad, failedRequests } from "../test/harness/load-report.ts";

/** Connections of each kind; enough that every worker has some of both. */
const CONNECTIONS = 16;
/** Pause of each connection between two requests: together the connections ask every half millisecond. */
const THINK_TIME_MS = 8;
const OBSERVED_AFTER_MS = 300;

/** What was seen of one change. */
export interface ChangeSeen {
  /** From `begin` to when the last connection got the new answer for the first time. */
  readonly effectMs: number;
  /** Longest time that a request to a part that did not change took, meanwhile and just after. */
  readonly longestWaitMs: number;
  /** Longest time that this process was late itself, meanwhile: it asks and answers, so a wait of twice this may be its own. */
  readonly ownStallMs: number;
}

/**
 * Watches a change of a running proxy from outside. Half of the connections ask the host that changes, all the time, and
 * tell when each of them sees the new answer; the other half ask a host that stays, and tell the longest wait. Each
 * connection stays on the worker that accepted it, so with 16 of them every worker is watched.
 */
export class ChangeWatch {
  readonly #answers: string[] = [];
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 1 });
  #clients: LoadClient[] = [];
  #longestMs = 0;
  #onAnswer: () => void = () => {};

  private constructor() {
    this.#loopDelay.enable();
  }

  static async start(port: number, changingHost: string, steadyHost: string): Promise<ChangeWatch> {
    const watch = new ChangeWatch();
    const common = { port, connections: CONNECTIONS, thinkTimeMs: THINK_TIME_MS, keepBody: true };
    const [changing, steady] = [getOf(changingHost), getOf(steadyHost)];
    watch.#clients = await Promise.all([
      LoadClient.start({
        ...common,
        request: (slot) => ({ bytes: changing, onResponse: (_status, body) => watch.#answered(slot, body.toString()) }),
      }),
      LoadClient.start({
        ...common,
        request: () => ({ bytes: steady, onResponse: (_status, _body, ms) => watch.#waited(ms) }),
      }),
    ]);
    return watch;
  }

  /** Makes the change and resolves when every connection has seen the answer. Rejects after `deadlineMs`. */
  async observe(change: () => Promise<unknown>, answer: string, deadlineMs: number): Promise<ChangeSeen> {
    this.#longestMs = 0;
    this.#loopDelay.reset();
    const startMs = performance.now();
    const seen = this.#everyConnectionSees(answer, deadlineMs);
    const [effectMs] = await Promise.all([seen.then(() => performance.now() - startMs), change()]);
    await new Promise((resolve) => setTimeout(resolve, OBSERVED_AFTER_MS));
    return { effectMs, longestWaitMs: this.#longestMs, ownStallMs: this.#loopDelay.max / 1e6 };
  }

  /** Ends the watch. Rejects when a request failed. */
  async stop(): Promise<void> {
    this.#loopDelay.disable();
    const reports = await Promise.all(this.#clients.map((client) => client.stop()));
    const failed = reports.reduce((sum, report) => sum + failedRequests(report), 0);
    if (failed > 0) throw new Error(`requests failed during the changes:\n${reports.map(describeLoad).join("\n")}`);
  }

  #everyConnectionSees(answer: string, deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`no ${answer} on all connections in ${deadlineMs} ms`)),
        deadlineMs,
      );
      this.#onAnswer = () => {
        if (!this.#answers.every((seen) => seen === answer)) return;
        clearTimeout(late);
        this.#onAnswer = () => {};
        resolve();
      };
    });
  }

  #answered(slot: number, answer: string): void {
    this.#answers[slot] = answer;
    this.#onAnswer();
  }

  #waited(ms: number): void {
    this.#longestMs = Math.max(this.#longestMs, ms);
  }
}

function getOf(host: string): Buffer {
  return Buffer.from(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
}
