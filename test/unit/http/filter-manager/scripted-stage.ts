import { FilterStage } from "../../../harness/filter-stage.ts";
import { type FilterScript, ScriptedFilter } from "../../../harness/scripted-filter.ts";

/** A stage with filters a, b, … in order, each with its script, and its log, in which they write. */
export function stageOf(scripts: readonly FilterScript[], bufferLimitBytes = 0) {
  const log: string[] = [];
  const filters = scripts.map((script, i) => new ScriptedFilter("abc"[i]!, log, script));
  const stage = FilterStage.of(filters, { log, bufferLimitBytes });
  return { stage, a: filters[0]!, b: filters[1]!, c: filters[2]! };
}

/** The bytes of a latin1 text. */
export const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
