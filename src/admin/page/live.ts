import { useEffect, useState } from "preact/hooks";
import type { LiveSample } from "../live/live-sample.ts";
import { ApiError, readEvents } from "./api.ts";
import { type Rates, ratesBetween } from "./rates.ts";

/** How the page stands with the proxy. */
export type Connection = "connecting" | "live" | "lost" | "paused" | "unauthorized";

/** A sample with what went on since the one before. */
export interface Moment {
  readonly sample: LiveSample;
  /** Undefined for the first sample and for early ones. */
  readonly rates: Rates | undefined;
}

/** So many moments are kept for the charts: five minutes. */
const KEPT_MOMENTS = 300;
const RETRY_MS = 1000;

/**
 * The one stream of samples of this page. It is open only while somebody looks: a page in the background closes it, and the proxy then
 * samples nothing for it.
 */
export class LiveClient {
  connection: Connection = "connecting";
  /** What went wrong last; empty if all is well. */
  problem = "";
  /** Oldest first; those with rates only. */
  history: Moment[] = [];
  latest: Moment | undefined;
  /** The last rates that there were. */
  rates: Rates | undefined;
  readonly #listeners = new Set<() => void>();
  #stop: AbortController | undefined;
  #reference: LiveSample | undefined;

  /** Opens the stream whenever the page can be seen. */
  start(): void {
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    this.#onVisibility();
  }

  /** Drops the stream and opens it again, with a new token perhaps. */
  restart(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#onVisibility();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #onVisibility(): void {
    if (document.hidden) {
      this.#stop?.abort();
      this.#stop = undefined;
      this.#set("paused", "");
    } else if (this.#stop === undefined) {
      this.#stop = new AbortController();
      void this.#run(this.#stop.signal);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await readEvents("/events", { signal }, (event, data) => {
          if (event === "sample" && !signal.aborted) this.#take(JSON.parse(data) as LiveSample);
        });
        if (!signal.aborted) this.#set("lost", "the stream ended");
      } catch (error) {
        if (signal.aborted) return;
        const status = error instanceof ApiError ? error.status : 0;
        this.#set(status === 401 ? "unauthorized" : "lost", error instanceof Error ? error.message : String(error));
        if (status === 401) {
          this.#stop = undefined;
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #take(sample: LiveSample): void {
    const rates = this.#reference === undefined ? undefined : ratesBetween(this.#reference, sample);
    if (this.#reference === undefined || rates !== undefined) this.#reference = sample;
    this.latest = { sample, rates };
    if (rates !== undefined) {
      this.rates = rates;
      this.history = [...this.history.slice(1 - KEPT_MOMENTS), this.latest];
    }
    this.#set("live", "");
  }

  #set(connection: Connection, problem: string): void {
    this.connection = connection;
    this.problem = problem;
    for (const listener of this.#listeners) listener();
  }
}

/** The page's stream. */
export const live = new LiveClient();

/** Draws the component anew with each sample. */
export function useLive(): LiveClient {
  const [, setCount] = useState(0);
  useEffect(() => live.subscribe(() => setCount((count) => count + 1)), []);
  return live;
}
