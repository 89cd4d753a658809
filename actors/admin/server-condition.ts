import type { ServerState } from "../../src/admin/server-view.ts";

/** What makes the server more or less than LIVE. One per process; main thread. */
export class ServerCondition {
  /** `POST /healthcheck/fail` says so. */
  healthcheckFailing = false;
  /** The process is on its way out. */
  draining = false;
  #configured = false;

  /** A configuration is in force and a worker serves it. Never taken back: a proxy that restarts a worker stays LIVE. */
  configured(): void {
    this.#configured = true;
  }

  state(): ServerState {
    if (!this.#configured) return "INITIALIZING";
    return this.healthcheckFailing || this.draining ? "DRAINING" : "LIVE";
  }
}
