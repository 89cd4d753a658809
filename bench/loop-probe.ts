/**
 * Loaded into each thread of a measured proxy (`--import`): notes in the file `LOOP_PROBE_FILE` each time that the event loop of a worker
 * came back late, as `<thread> <wall clock ms> <late by ms>`. Late by a little is a busy machine; nobody reads those lines.
 */
import { appendFileSync } from "node:fs";
import { threadName } from "node:worker_threads";

const RESOLUTION_MS = 1;
const NOTED_FROM_MS = 2;
const file = process.env.LOOP_PROBE_FILE;

if (file !== undefined && threadName?.startsWith("worker-")) {
  let dueMs = performance.now() + RESOLUTION_MS;
  setInterval(() => {
    const nowMs = performance.now();
    const lateMs = nowMs - dueMs;
    dueMs = nowMs + RESOLUTION_MS;
    if (lateMs < NOTED_FROM_MS) return;
    appendFileSync(file, `${threadName} ${performance.timeOrigin + nowMs} ${lateMs}\n`);
  }, RESOLUTION_MS).unref();
}
