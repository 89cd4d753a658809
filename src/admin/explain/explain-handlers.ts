import { type AdminHandler, jsonResponse, textResponse, wantsJson } from "../admin-handler.ts";
import { snakeJson } from "../snake-row.ts";
import { QuestionError, readExplainQuestion } from "./explain-question.ts";
import { explanationText } from "./explain-text.ts";
import type { ExplainView } from "./explain-view.ts";

/** A proposed configuration has to be compiled first. */
const DEADLINE_MS = 60_000;

/** `POST /explain`: the way that a request would take. Troupe's own. */
export function explainHandlers(view: ExplainView): readonly AdminHandler[] {
  return [
    {
      path: "/explain",
      access: "change",
      help: "say where the request in the body (JSON) would go, and why; changes nothing",
      params: [{ name: "format", help: "Format to use", kind: ["text", "json"] }],
      deadlineMs: DEADLINE_MS,
      async handle(request) {
        const question = questionOf(request.body);
        if (question instanceof QuestionError) return textResponse(400, `${question.message}\n`);
        const answer = await view.explain(question);
        if (!("explanation" in answer)) {
          const { status, problems } = answer;
          if (wantsJson(request)) return jsonResponse(status, { problems });
          return textResponse(status, problems.map((problem) => `${problem}\n`).join(""));
        }
        const { explanation, by } = answer;
        if (!wantsJson(request)) return textResponse(200, explanationText(explanation, by));
        return jsonResponse(200, {
          snapshot_version: by.version,
          proposed: by.version === null,
          worker: by.worker,
          ...(snakeJson(explanation) as object),
        });
      },
    },
  ];
}

function questionOf(body: string): ReturnType<typeof readExplainQuestion> | QuestionError {
  try {
    return readExplainQuestion(body);
  } catch (error) {
    if (error instanceof QuestionError) return error;
    throw error;
  }
}
