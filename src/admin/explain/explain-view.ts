import type { Explanation } from "../../extensions/explanation.ts";
import type { ExplainQuestion } from "./explain-question.ts";

/** Where requests would go. */
export interface ExplainView {
  explain(question: ExplainQuestion): Promise<ExplainAnswer>;
}

/** On what was explained: a version and the worker that has it; null: a proposed configuration. */
export interface ExplainedBy {
  readonly version: number | null;
  readonly worker: string;
}

/** An explanation, or what is wrong: with the proposed configuration (400), with the question (404), or with the workers (503). */
export type ExplainAnswer =
  | { readonly explanation: Explanation; readonly by: ExplainedBy }
  | { readonly status: 400 | 404 | 503; readonly problems: readonly string[] };
