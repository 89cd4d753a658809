import { EventLog } from "./event-log.ts";

/** More files than that are not opened: each takes a descriptor. */
const MAX_FILES = 256;

/** The event logs of all clusters, one for each path, opened with their first event. Main thread. */
export class EventLogs {
  readonly #logs = new Map<string, EventLog>();

  /** Writes one line of JSON. Events for more files than there may be are lost. */
  readonly write = (path: string, event: object): void => {
    let log = this.#logs.get(path);
    if (log === undefined) {
      if (this.#logs.size >= MAX_FILES) return;
      log = new EventLog(path);
      this.#logs.set(path, log);
    }
    log.write(event);
  };

  /** Opens all files anew, after rotation. */
  reopen(): void {
    for (const log of this.#logs.values()) log.reopen();
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    const logs = [...this.#logs.values()];
    this.#logs.clear();
    await Promise.all(logs.map((log) => log.close()));
  }
}
