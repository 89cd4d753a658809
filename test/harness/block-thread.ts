/** Blocks the calling thread in the middle of its work, as a loop that never ends would, without using the processor. */
export function blockThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Holds a thread up until another opens it: 0 is shut, 1 open. */
export type ThreadGate = Int32Array<SharedArrayBuffer>;

/** A gate that is shut. */
export function threadGate(): ThreadGate {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** Lets go who is blocked at the gate, and who comes later. */
export function openGate(gate: ThreadGate): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

/** As `blockThread`, until the gate is opened; a minute at most, for tests that fail before they do it. */
export function blockUntilOpen(gate: ThreadGate): void {
  Atomics.wait(gate, 0, 0, 60_000);
}
