/** Where something stands in a text. Both count from 1; a column counts UTF-16 units. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** Some lines of a configuration around a problem. */
export interface ProblemExcerpt {
  /** Number of the first of `lines`, from 1. */
  readonly from: number;
  readonly lines: readonly string[];
}

/** One thing that is wrong with a configuration. Plain, so that it can travel between threads and into JSON. */
export interface ConfigProblem {
  /** A warning does not keep the configuration from being used. */
  readonly severity: "error" | "warning";
  /** The file as it was named, or `--config-yaml`; empty if the configuration came without a name. */
  readonly file: string;
  /** 0 where there is no text to point at (a binary configuration). */
  readonly line: number;
  readonly column: number;
  /** Path of the setting (`static_resources.clusters[3].connect_timeout`); empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** What would be right, or what to do. */
  readonly hint?: string;
  /** The lines around it, without what may be secret; see `withExcerpts`. */
  readonly excerpt?: ProblemExcerpt;
}

/** `file:line:column: path: message (hint)`, without the parts that are empty. One line. */
export function problemText(problem: ConfigProblem): string {
  const { file, line, column, path, message, hint, severity } = problem;
  const place = line === 0 ? file : `${file === "" ? "configuration" : file}:${line}:${column}`;
  const parts = [place, severity === "warning" ? "warning" : "", path, message].filter((part) => part !== "");
  return hint === undefined ? parts.join(": ") : `${parts.join(": ")} (${hint})`;
}

/** All problems, one on a line, in the order of the text. */
export function problemsText(problems: readonly ConfigProblem[]): string {
  return problems.map((problem) => `${problemText(problem)}\n`).join("");
}

/** Sorts by place in the text, errors without a place first. */
export function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return a.line - b.line || a.column - b.column;
}
