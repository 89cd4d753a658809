import type { Socket } from "node:net";
import type { ActorRef } from "../../src/actor/actor-ref.ts";
import type { ActorSystem } from "../../src/actor/actor-system.ts";
import { AskError } from "../../src/actor/ask-error.ts";
import { ActorHistory, type HistoryEntry } from "../../src/actor/inspection/actor-history.ts";
import type { ActorReport } from "../../src/actor/inspection/actor-report.ts";
import type { ThreadProbe } from "../../src/actor/inspection/thread-probe.ts";
import { Lifecycle, type LifecycleState } from "../../src/actor/lifecycle.ts";
import type { ChildSupervision } from "../../src/actor/supervision.ts";
import { ActorThread, type ThreadEnd } from "../../src/actor/thread/actor-thread.ts";
import type { ControlChannel } from "../../src/actor/thread/control-channel.ts";
import type { RemoteRoot } from "../../src/actor/thread/remote-root.ts";
import { withTransfer } from "../../src/actor/thread/transfer.ts";
import type { WaitingThreads } from "../../src/actor/thread/waiting-threads.ts";
import type { WorkerMessage, WorkerThreadData } from "../worker/protocol.ts";
import type { WorkerStatus } from "./protocol.ts";

/** Messages that wait for a worker that is behind. Accepted connections are cut rather than kept without end. */
const OUTBOX_CAPACITY = 512;

const NO_TIMES = { p50: 0, p99: 0 };

/** How worker threads are started. */
export interface WorkerThreadOptions {
  /** The entry script, which calls `runWorker`. */
  readonly script: URL;
  readonly flushIntervalMs: number;
  readonly reportIntervalMs: number;
  /** Given to each worker as it is; shared memory stays shared. */
  readonly shared: unknown;
  /** Threads of `script` that were started ahead, by the names of workers. */
  readonly waiting?: WaitingThreads | undefined;
}

/** One worker as the supervisor holds it. It outlives its threads: after a crash it gets a new one. */
export class WorkerHandle implements RemoteRoot {
  readonly name: string;
  readonly number: number;
  readonly supervision: ChildSupervision;
  /** Its actor's name on its own thread. */
  readonly root = "worker";
  incarnation = 0;
  readonly #history: ActorHistory;
  #version = 0;
  readonly #system: ActorSystem;
  readonly #options: WorkerThreadOptions;
  readonly #supervisorId: string;
  readonly #lifecycle = new Lifecycle();
  readonly #detach: () => void;
  #thread: ActorThread | undefined;
  #ref: ActorRef<WorkerMessage> | undefined;
  #handedOut = new Int32Array(new SharedArrayBuffer(4));
  #lastError: string | undefined;
  #lastStack: string | undefined;
  /** Why we ended the thread ourselves, if we did. */
  #endedBecause: string | undefined;
  /** It has answered its greeting: it may take part in a version. */
  #greeted = false;

  constructor(
    number: number,
    system: ActorSystem,
    supervisorId: string,
    options: WorkerThreadOptions,
    supervision: ChildSupervision,
  ) {
    this.number = number;
    this.name = `worker-${number}`;
    this.#system = system;
    this.#supervisorId = supervisorId;
    this.#options = options;
    this.supervision = supervision;
    this.#history = new ActorHistory(system.clock);
    this.#detach = system.attachRemote(supervisorId, this.name, this);
  }

  /** The version in force there, as far as it has said; 0 before the first. */
  get version(): number {
    return this.#version;
  }
  set version(version: number) {
    if (version > this.#version) this.note("snapshotApplied", `version ${version}`);
    this.#version = version;
  }

  get control(): ControlChannel | undefined {
    return this.#thread?.bridge.control;
  }

  get probe(): ThreadProbe | undefined {
    return this.#thread?.probe;
  }

  history(): readonly HistoryEntry[] {
    return this.#history.entries();
  }

  /** Notes an event in its history. */
  note(event: string, detail: string, more?: { readonly stack?: string | undefined; readonly place?: string }): void {
    this.#history.add(event, detail, more);
  }

  get status(): LifecycleState {
    return this.#lifecycle.state;
  }

  /** Whether it takes part in versions: it answers, and isn't leaving. */
  get participates(): boolean {
    return this.#greeted && (this.status === "starting" || this.status === "running");
  }

  /** Its present thread has answered, and hasn't ended. */
  get greeted(): boolean {
    return this.#greeted;
  }

  /** Its thread is up, and its reports come in time. */
  get answering(): boolean {
    return this.#greeted && (this.#thread?.bridge.reports.answering(this.#system.clock.nowMs()) ?? false);
  }

  /** It has crashed too often and isn't restarted any more. */
  get givenUp(): boolean {
    return this.status === "failed" && this.supervision.history().at(-1)?.action === "give_up";
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Connections handed out to this worker that are still open. */
  get handedOutCount(): number {
    return Atomics.load(this.#handedOut, 0);
  }

  /** Of the error that ended its last thread. */
  get lastStack(): string | undefined {
    return this.#lastStack;
  }

  moveTo(state: LifecycleState): void {
    this.#lifecycle.moveTo(state);
    if (state === "running") this.note("started", `serves, on thread ${this.incarnation}`);
    if (state === "draining") this.note("drained", "it leaves: its connections are wound up");
    if (state === "stopped") this.note("stopped", "");
  }

  /**
   * Starts a thread and greets it. `onEnded` is called once when the thread has ended, whatever the reason. Rejects if it
   * doesn't answer; its thread is then ended.
   */
  async start(startTimeoutMs: number, onEnded: (end: ThreadEnd) => void): Promise<void> {
    this.incarnation++;
    this.#version = 0;
    this.#greeted = false;
    this.#endedBecause = undefined;
    const handedOut = new SharedArrayBuffer(4);
    this.#handedOut = new Int32Array(handedOut);
    const data: WorkerThreadData = {
      worker: this.name,
      number: this.number,
      incarnation: this.incarnation,
      supervisor: this.#supervisorId,
      flushIntervalMs: this.#options.flushIntervalMs,
      reportIntervalMs: this.#options.reportIntervalMs,
      handedOut,
      shared: this.#options.shared,
    };
    const { script, waiting } = this.#options;
    const thread = new ActorThread({ name: this.name, script, data, waiting }, this.#system);
    this.#thread = thread;
    this.#ref = thread.bridge.ref<WorkerMessage>("worker", { capacity: OUTBOX_CAPACITY, onDropped: cutConnection });
    void thread.ended.then((end) => {
      this.#greeted = false;
      this.#lastStack = this.#endedBecause === undefined ? end.stack : undefined;
      this.#lastError = this.#endedBecause ?? end.error ?? (end.code === 0 ? this.#lastError : `exit code ${end.code}`);
      onEnded(end);
    });
    try {
      await this.#ref.ask({ type: "greet" }, startTimeoutMs);
      this.#greeted = true;
    } catch (error) {
      await this.end(`did not start: ${error instanceof AskError ? error.message : String(error)}`);
      throw error;
    }
  }

  /** The worker's actor. Messages to a thread that is gone are dead letters, questions are rejected. */
  get ref(): ActorRef<WorkerMessage> {
    if (this.#ref === undefined) throw new Error(`${this.name} has no thread yet`);
    return this.#ref;
  }

  /** Ends the thread at once. */
  async end(because: string): Promise<void> {
    this.#endedBecause ??= because;
    await this.#thread?.terminate();
    await this.#thread?.ended;
  }

  /** Resolves when the present thread has ended. */
  async ended(): Promise<void> {
    await this.#thread?.ended;
  }

  /** Hands an accepted connection over. */
  handOut(key: string, socket: Socket): void {
    Atomics.add(this.#handedOut, 0, 1);
    this.ref.tell(withTransfer({ type: "acceptedConnection", key, socket }, [socket]));
  }

  /** Takes it out of the tree. */
  forget(): void {
    this.#detach();
  }

  statusNow(): WorkerStatus {
    const nowMs = this.#system.clock.nowMs();
    const reports = this.#thread?.bridge.reports;
    return {
      worker: this.name,
      number: this.number,
      status: this.status,
      version: this.version,
      restarts: this.supervision.restarts,
      lastError: this.#lastError,
      crashes: this.supervision.history(),
      answering: this.answering,
      reportAgeMs: reports?.ageMs(nowMs),
    };
  }

  /** What the tree shows: our own knowledge, and the worker's last report for what only it knows. */
  report(): ActorReport {
    const nowMs = this.#system.clock.nowMs();
    const id = `${this.#supervisorId}/${this.name}`;
    const last = this.#thread?.bridge.reports.root("worker", id, nowMs);
    const status = this.statusNow();
    return {
      id,
      kind: "worker",
      thread: this.name,
      status: status.status,
      attributes: { ...last?.attributes, snapshotVersion: this.version },
      mailboxLength: last?.mailboxLength ?? 0,
      mailboxCapacity: last?.mailboxCapacity ?? 0,
      mailboxAlarm: last?.mailboxAlarm ?? false,
      waitMs: last?.waitMs ?? NO_TIMES,
      handleMs: last?.handleMs ?? NO_TIMES,
      busyShare: last?.busyShare ?? 0,
      oldestMessageAgeMs: last?.oldestMessageAgeMs,
      handled: last?.handled ?? 0,
      dropped: last?.dropped ?? 0,
      coalesced: last?.coalesced ?? 0,
      stashed: last?.stashed ?? 0,
      restarts: status.restarts,
      lastError: status.lastError,
      crashes: status.crashes,
      reportAgeMs: last?.reportAgeMs ?? 0,
      answering: status.answering,
      children: last?.children ?? [],
    };
  }
}

function cutConnection(message: WorkerMessage): void {
  if (message.type === "acceptedConnection") message.socket.destroy();
}
