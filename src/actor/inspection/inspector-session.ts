import type { InspectorNotification } from "node:inspector";
import { Session } from "node:inspector/promises";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import { settleWithin } from "../settle-within.ts";

/** What V8's inspector tells: an answer, or an event. */
interface InspectorMessage {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/**
 * Speaks with V8's inspector of one thread of this process, for as long as a question takes. The inspector of a worker interrupts what the
 * worker does, so that it answers for one that is stuck, too. For the main thread.
 */
export class InspectorSession {
  readonly #session = new Session();
  readonly #timers: TimerWheel;
  /** Of the worker; null: the main thread itself. */
  #workerSession: string | null = null;
  #lastId = 0;
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #waiting = new Map<string, (params: unknown) => void>();
  readonly #onEvent: (method: string, params: unknown) => void;

  private constructor(timers: TimerWheel, onEvent: (method: string, params: unknown) => void) {
    this.#timers = timers;
    this.#onEvent = onEvent;
    this.#session.connect();
  }

  /**
   * Attaches to the worker thread of this name, or to the calling thread if it is null. Rejects if there is no such thread. `onEvent` is
   * told what the thread's inspector tells of its own accord.
   */
  static async attach(
    timers: TimerWheel,
    worker: string | null,
    onEvent: (method: string, params: unknown) => void = () => {},
  ): Promise<InspectorSession> {
    const session = new InspectorSession(timers, onEvent);
    if (worker === null) return session;
    try {
      await session.#attachWorker(worker);
      return session;
    } catch (error) {
      await session.detach();
      throw error;
    }
  }

  /** Rejects after `deadlineMs`, or with what the inspector says is wrong. */
  async post(method: string, params: object, deadlineMs: number): Promise<unknown> {
    const answer = this.#send(method, params);
    // Whoever gave up on the answer must not die of it.
    answer.catch(() => {});
    if ((await settleWithin(this.#timers, deadlineMs, answer)) === "late") {
      throw new Error(`the thread did not answer ${method} within ${deadlineMs} ms`);
    }
    return answer;
  }

  /** Resolves with the next event of this name; rejects after `deadlineMs`. */
  async next(method: string, deadlineMs: number): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#waiting.set(method, resolve);
    if ((await settleWithin(this.#timers, deadlineMs, promise)) === "late") {
      this.#waiting.delete(method);
      throw new Error(`no ${method} within ${deadlineMs} ms`);
    }
    return promise;
  }

  /** Ends the session; what the thread was made to do by it ends, too. */
  async detach(): Promise<void> {
    if (this.#workerSession !== null) await this.#session.post("NodeWorker.disable").catch(() => {});
    this.#session.disconnect();
    for (const { reject } of this.#answers.values()) reject(new Error("the session has ended"));
  }

  async #attachWorker(worker: string): Promise<void> {
    let found: string | undefined;
    this.#session.on("NodeWorker.attachedToWorker", ({ params }) => {
      // The title is `[worker 3] worker-1`.
      if (params.workerInfo.title.endsWith(`] ${worker}`)) found = params.sessionId;
    });
    this.#session.on(
      "NodeWorker.receivedMessageFromWorker",
      ({
        params,
      }: InspectorNotification<{
        readonly sessionId: string;
        readonly message: string;
      }>) => {
        if (params.sessionId === this.#workerSession) this.#receive(JSON.parse(params.message) as InspectorMessage);
      },
    );
    // All workers that there are, are told of before this is answered.
    await this.#session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
    if (found === undefined) throw new Error(`there is no thread ${worker}`);
    this.#workerSession = found;
  }

  #receive({ id, method, params, result, error }: InspectorMessage): void {
    if (id !== undefined) {
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (error === undefined) answer?.resolve(result);
      else answer?.reject(new Error(error.message));
      return;
    }
    if (method === undefined) return;
    this.#onEvent(method, params);
    this.#waiting.get(method)?.(params);
    this.#waiting.delete(method);
  }

  #send(method: string, params: object): Promise<unknown> {
    const sessionId = this.#workerSession;
    // The types know each method by name.
    const post = this.#session.post.bind(this.#session) as (method: string, params: object) => Promise<unknown>;
    if (sessionId === null) return post(method, params);
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#answers.set(id, answer);
    const message = JSON.stringify({ id, method, params });
    post("NodeWorker.sendMessageToWorker", { sessionId, message }).catch((error: unknown) => answer.reject(error));
    return answer.promise;
  }
}
