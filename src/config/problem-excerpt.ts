import type { DescMessage } from "@bufbuild/protobuf";
import type { ConfigProblem, ProblemExcerpt } from "./config-problem.ts";
import type { ConfigText } from "./source/open-source.ts";

/** So many problems get an excerpt: who has more corrects the first ones first. */
const MAX_EXCERPTS = 10;
const NEIGHBOURS = 2;
/** Of long lines only what stands around the problem is shown. */
const MAX_HALF_LINE = 80;

const WORD = /[^\s{}[\],:"']+/g;
/** YAML's own words: items of lists, texts of several lines. */
const SYNTAX = /^(?:-|[|>][-+]?)$/;

/**
 * The problems, the first of them with the lines around them. Texts may hold secrets anywhere, above all where something is wrong with
 * them, so that only these words are shown: names of fields that there are, and what the problem itself says. All others are `…`.
 */
export function withExcerpts(
  problems: readonly ConfigProblem[],
  texts: readonly ConfigText[],
  fieldNames: () => ReadonlySet<string>,
): ConfigProblem[] {
  const lines = new Map<string, readonly string[]>();
  let left = MAX_EXCERPTS;
  return problems.map((problem) => {
    const text = problem.line === 0 || left === 0 ? undefined : texts.find(({ file }) => file === problem.file);
    if (text === undefined) return problem;
    left--;
    const known = lines.get(text.file) ?? Buffer.from(text.content).toString().split(/\r?\n/);
    lines.set(text.file, known);
    return { ...problem, excerpt: excerpt(problem, known, fieldNames()) };
  });
}

/** The names of all fields below these messages, as the proto and as JSON spell them. */
export function fieldNamesOf(schemas: Iterable<DescMessage>): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<DescMessage>();
  const pending = [...schemas];
  for (let schema = pending.pop(); schema !== undefined; schema = pending.pop()) {
    if (seen.has(schema)) continue;
    seen.add(schema);
    for (const field of schema.fields) {
      names.add(field.name).add(field.jsonName);
      if (field.message !== undefined) pending.push(field.message);
    }
  }
  return names;
}

function excerpt(problem: ConfigProblem, lines: readonly string[], names: ReadonlySet<string>): ProblemExcerpt {
  const { line, column, path, message, hint = "" } = problem;
  const said = new Set(`${path} ${message} ${hint}`.split(/[\s{}[\],:"'().]+/));
  const from = Math.max(line - NEIGHBOURS, 1);
  const shown = lines.slice(from - 1, line + NEIGHBOURS);
  return {
    from,
    lines: shown.map((text, index) => masked(cut(text, from + index === line ? column : 1), names, said)),
  };
}

function cut(text: string, column: number): string {
  const start = Math.max(column - 1 - MAX_HALF_LINE, 0);
  const end = start + 2 * MAX_HALF_LINE;
  return `${start > 0 ? "… " : ""}${text.slice(start, end)}${end < text.length ? " …" : ""}`;
}

function masked(text: string, names: ReadonlySet<string>, said: ReadonlySet<string>): string {
  return text
    .replace(WORD, (word) => (SYNTAX.test(word) || names.has(word) || said.has(word) ? word : "…"))
    .replace(/…(?:\s+…)+/g, "…");
}
