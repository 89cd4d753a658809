import type { ActorRef } from "../../src/actor/actor-ref.ts";
import { describeError } from "../../src/actor/ask-error.ts";
import type { ListingPart, ListingQuery } from "../../src/admin/listings-view.ts";
import type { WalkPiece } from "../../src/base/walks.ts";
import type { SupervisorMessage, WorkerAnswer } from "../supervisor/protocol.ts";

/** For each piece. A worker that doesn't answer costs this once. */
const PIECE_DEADLINE_MS = 500;
/**
 * For the supervisor where it asks workers, with a deadline that it keeps to by itself. Much longer than that: when this thread is held up,
 * both would be over before what came meanwhile is read, and a page that has begun can only be cut.
 */
export const SUPERVISOR_DEADLINE_MS = 5000;
const PIECE_ROWS = 250;

/**
 * A listing of all workers or one, piece by piece as they come: first one of each worker, then the rest worker by worker. Workers that
 * don't answer are named; what they had told before stays.
 */
export async function* listWorkers(
  supervisor: ActorRef<SupervisorMessage>,
  listing: string,
  { text, fields, worker }: ListingQuery,
): AsyncGenerator<ListingPart> {
  const named = Object.entries(fields).map(([name, value]) => [`field.${name}`, value] as const);
  const parameters = { limit: String(PIECE_ROWS), text, ...Object.fromEntries(named) };
  const ask = async (of: string | undefined, walk: string | undefined): Promise<readonly WorkerAnswer<unknown>[]> => {
    const query = { view: listing, parameters: walk === undefined ? parameters : { ...parameters, walk } };
    return supervisor.ask(
      { type: "inspectWorkers", query, deadlineMs: PIECE_DEADLINE_MS, ...(of !== undefined && { worker: of }) },
      SUPERVISOR_DEADLINE_MS,
    );
  };
  const firsts = await ask(worker, undefined);
  if (worker !== undefined && firsts.length === 0) yield { worker, missing: "there is no such worker" };
  for (const first of firsts) {
    let answer: WorkerAnswer<unknown> | undefined = first;
    while (answer !== undefined) {
      if (!answer.answered) {
        yield { worker: answer.worker, missing: answer.reason };
        break;
      }
      const { items, next }: WalkPiece<object> = answer.value as WalkPiece<object>;
      yield { worker: answer.worker, rows: items };
      answer = next === null ? undefined : await askAgain(answer.worker, () => ask(first.worker, next));
    }
  }
}

/** The next piece of one worker; a supervisor that fails counts as a worker that doesn't answer. */
async function askAgain(
  worker: string,
  ask: () => Promise<readonly WorkerAnswer<unknown>[]>,
): Promise<WorkerAnswer<unknown>> {
  try {
    const [answer] = await ask();
    return answer ?? { worker, answered: false, reason: "the worker has left" };
  } catch (error) {
    return { worker, answered: false, reason: describeError(error) };
  }
}
