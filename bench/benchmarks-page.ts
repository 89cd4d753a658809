import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SUITES } from "./all-cases.ts";
import type { BenchCase } from "./bench-case.ts";
import { latestResult } from "./bench-result.ts";
import { resultTable, tableMarkdown } from "./result-table.ts";

const PAGE = path.resolve(import.meta.dirname, "../docs/benchmarks.md");
const BEGIN = "<!-- results: begin (written by npm run bench) -->";
const END = "<!-- results: end -->";

/** Writes the newest kept results between the markers of `docs/benchmarks.md`. Throws when a marker is missing. */
export function updateBenchmarksPage(): void {
  if (!existsSync(PAGE)) throw new Error(`${PAGE} is missing`);
  const page = readFileSync(PAGE, "utf8");
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`${PAGE} lacks the markers around the results`);
  const sections = [...SUITES.values()].flatMap((cases) => cases.map(caseSection)).filter((text) => text !== "");
  writeFileSync(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${sections.join("\n\n")}\n\n${page.slice(end)}`);
}

function caseSection(benchCase: BenchCase): string {
  const result = latestResult(benchCase.name);
  if (result === undefined) return "";
  const { machine, settings } = result;
  const run = `${settings.rounds} rounds of ${settings.seconds} s, ${result.date.slice(0, 10)}, commit ${result.commit}`;
  const where = `node ${machine.node}, ${machine.kernel}, CPU ${machine.cpu}, ${machine.cores} cores`;
  return [
    `### ${benchCase.name}`,
    benchCase.description,
    tableMarkdown(resultTable(benchCase.columns, result.rounds, benchCase.base)),
    `Medians of ${run}; ${where}.`,
  ].join("\n\n");
}
