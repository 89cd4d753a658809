import type { RunningProxy } from "../../test/harness/start-proxy.ts";
import { pause } from "./load-run.ts";

/** What a proxy holds at a moment: numbers that have to come back to where they were. */
export interface ProxyHoldings {
  /** Active connections, requests, streams and timers, by stat or actor attribute. */
  readonly active: ReadonlyMap<string, number>;
  /** Heap in use over all threads: the least of several samples. */
  readonly heapBytes: number;
}

interface ActorJson {
  readonly id: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly children?: readonly ActorJson[];
}

/** Gauges that count what is open now. */
const HOLDING = /(_active|_buffered|_pending)$/;
const SAMPLES = 4;
const SAMPLE_PAUSE_MS = 500;

/** Reads `/stats`, `/actors` and `/memory`, for two seconds. */
export async function readHoldings(proxy: RunningProxy): Promise<ProxyHoldings> {
  let heapBytes = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await pause(SAMPLE_PAUSE_MS);
    const memory = JSON.parse((await proxy.admin("/memory")).body) as { allocated: string };
    heapBytes = Math.min(heapBytes, Number(memory.allocated));
  }
  const active = new Map<string, number>();
  for (const [name, value] of await proxy.stats()) if (HOLDING.test(name)) active.set(name, value);
  const { actors } = JSON.parse((await proxy.admin("/actors?format=json")).body) as { actors: ActorJson[] };
  for (const actor of actors) addAttributes(actor, active);
  // The admin's own connection, that of this very question, comes and goes.
  for (const name of active.keys()) if (/^(http|listener)\.admin\./.test(name)) active.delete(name);
  return { active, heapBytes };
}

function addAttributes(actor: ActorJson, active: Map<string, number>): void {
  for (const [name, value] of Object.entries(actor.attributes ?? {})) {
    const counts = /timers|connections|streams|requests|pending/i.test(name);
    if (counts && typeof value === "number") active.set(`${actor.id}: ${name}`, value);
  }
  for (const child of actor.children ?? []) addAttributes(child, active);
}
