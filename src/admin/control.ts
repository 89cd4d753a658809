import type { DryRunOutcome, ReloadOutcome } from "./config-view.ts";

/** What an operator can make the proxy do. A rejection's message is shown to the operator. */
export interface Control {
  setHealthcheckFailing(failing: boolean): void;
  /** Resolves when the drain has begun. */
  drainListeners(options: DrainOptions): Promise<void>;
  quit(): void;
  resetCounters(): void;
  reopenLogs(): Promise<void>;
  reload(): Promise<ReloadOutcome>;
  /** `text` undefined means the configured file. */
  dryRun(text: string | undefined): Promise<DryRunOutcome>;
  /** Resolves when the new number is in force, except for leaving workers that still drain. */
  setWorkerCount(count: number): Promise<void>;
  /** Cuts a downstream connection. False if there is none of this id, or its worker does not answer. */
  closeConnection(id: number): Promise<boolean>;
  /** Makes an actor fail, for tests. False if there is no such actor. */
  crashActor(id: string): Promise<boolean>;
  /** Makes an actor's thread do nothing for a while, for tests. False if there is no such actor. */
  blockActor(id: string, durationMs: number): Promise<boolean>;
}

/** How `/drain_listeners` drains. */
export interface DrainOptions {
  /** Go on accepting for the drain time before the listeners close. */
  readonly graceful: boolean;
  /** Leave the listeners open after the drain. */
  readonly skipExit: boolean;
  /** Listeners of traffic direction INBOUND only. */
  readonly inboundOnly: boolean;
}
