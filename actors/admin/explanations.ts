import type { ActorRef } from "../../src/actor/actor-ref.ts";
import type { ExplainPool } from "../../src/admin/explain/explain-pool.ts";
import type { ExplainQuestion } from "../../src/admin/explain/explain-question.ts";
import type { ExplainAnswer } from "../../src/admin/explain/explain-view.ts";
import type { Explanation } from "../../src/extensions/explanation.ts";
import type { SupervisorMessage } from "../supervisor/protocol.ts";
import { shownRefusals } from "./shown-outcome.ts";

const STATUS_DEADLINE_MS = 500;
const WORKER_DEADLINE_MS = 1000;
const COMPILE_DEADLINE_MS = 50_000;

/** Has requests explained: by a worker on what it has in force, or on a proposed configuration by a thread of its own. */
export class Explanations {
  readonly #supervisor: ActorRef<SupervisorMessage>;
  readonly #pool: ExplainPool;

  constructor(supervisor: ActorRef<SupervisorMessage>, pool: ExplainPool) {
    this.#supervisor = supervisor;
    this.#pool = pool;
  }

  explain(question: ExplainQuestion): Promise<ExplainAnswer> {
    const { config } = question;
    return config === undefined ? this.#onVersionInForce(question) : this.#onProposed(question, config);
  }

  /** Asks one worker after the other until one answers: they all have the same, as a rule. */
  async #onVersionInForce({ request, worker }: ExplainQuestion): Promise<ExplainAnswer> {
    const { workers } = await this.#supervisor.ask({ type: "getStatus" }, STATUS_DEADLINE_MS);
    const asked = workers
      .filter((each) => each.status === "running" && (worker === "" || each.worker === worker))
      .sort((a, b) => Number(b.answering) - Number(a.answering));
    const query = { view: "explain", parameters: { request: JSON.stringify(request) } };
    let reason = worker === "" ? "no worker runs" : `there is no worker ${worker} that runs`;
    for (const { worker: name, version } of asked) {
      const [answer] = await this.#supervisor.ask(
        { type: "inspectWorkers", query, worker: name, deadlineMs: WORKER_DEADLINE_MS },
        WORKER_DEADLINE_MS * 1.5,
      );
      if (answer?.answered === true) {
        return { explanation: answer.value as Explanation, by: { version, worker: name } };
      }
      if (answer !== undefined) reason = answer.reason;
      // It has answered, that nothing fits; the others would say the same.
      if (reason.includes("listener")) return { status: 404, problems: [withoutSender(reason)] };
    }
    return { status: 503, problems: [reason] };
  }

  async #onProposed({ request }: ExplainQuestion, config: string): Promise<ExplainAnswer> {
    const source = { label: "request body", text: config };
    const compiled = await this.#supervisor.ask({ type: "compile", source }, COMPILE_DEADLINE_MS);
    if (compiled.outcome === "refused") return { status: 400, problems: shownRefusals(compiled.refusals) };
    const { resources, extensions } = compiled;
    const outcome = await this.#pool.explain({
      request,
      resources: resources.map(({ kind, name, data }) => ({ kind, name, data })),
      extensions,
    });
    if ("problem" in outcome) return { status: 404, problems: [outcome.problem] };
    return { explanation: outcome.explanation, by: { version: null, worker: "" } };
  }
}

/** Errors that come over threads begin with who was asked what. */
function withoutSender(reason: string): string {
  return reason.replace(/^inspect to [^:]*: /, "").replace(/^[^:]*\/worker: /, "");
}
