/** Runs a piece of work soon, after the present call stack. Injected where order of work matters to a test. */
export type Schedule = (work: () => void) => void;

/**
 * Runs work in the next turn of the event loop, after input and output that is already waiting. Long chains of
 * work scheduled like this never starve sockets, as chains of microtasks would.
 */
export const nextTurn: Schedule = (work) => {
  setImmediate(work);
};
