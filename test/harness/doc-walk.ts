/** A command of a walk through a page of the documentation, and what the page shows that it printed. */
export interface WalkStep {
  readonly command: string;
  readonly output: readonly string[];
  /** Where the output stands among the lines of the page: from this one on. */
  readonly line: number;
}

const CUT = /^ *\.\.\.$/;

/** The steps in the `console` blocks of a page: lines that begin with `$ `, each with the lines up to the next. */
export function walkSteps(markdown: string): WalkStep[] {
  const steps: { command: string; output: string[]; line: number }[] = [];
  let inside = false;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (line.startsWith("```")) inside = line === "```console";
    else if (!inside) continue;
    else if (line.startsWith("$ ")) steps.push({ command: line.slice(2), output: [], line: index + 1 });
    else steps.at(-1)?.output.push(line);
  }
  return steps;
}

/** Why the output does not have the shape that the page shows; `""` if it has. A line of `...` stands for any others. */
export function shapeProblem(shown: readonly string[], printed: readonly string[]): string {
  const wanted = shapes(shown);
  const got = shapes(printed);
  const isCut = shown.some((line) => CUT.test(line));
  const missing = [...wanted].filter((line) => !CUT.test(line) && !got.has(line));
  const more = isCut ? [] : [...got].filter((line) => !wanted.has(line));
  if (missing.length === 0 && more.length === 0) return "";
  return `shown and not printed:\n${missing.join("\n")}\nprinted and not shown:\n${more.join("\n")}\nprinted in all:\n${printed.join("\n")}`;
}

/** What is to be shown of the output in place of what the page shows now: as much of it, cut where that is cut. */
export function asShown(shown: readonly string[], printed: readonly string[]): string[] {
  const lines = [...printed];
  while (lines.at(-1) === "") lines.pop();
  const cut = shown.findIndex((line) => CUT.test(line));
  return cut === -1 || lines.length <= cut ? lines : [...lines.slice(0, cut), shown[cut]!];
}

/** The kinds of lines, without what differs from run to run: numbers, times, sizes, how many there are, and how wide columns are. */
function shapes(lines: readonly string[]): Set<string> {
  const found = lines.map((line) =>
    line
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replace(/\/tmp\/troupe-demo-\w+/g, "/tmp/troupe-demo")
      .replace(/\b(?:harlequin|columbine|pierrot) answers/g, "an upstream answers")
      .replace(/\d[\d.,]*(?: ?(?:ms|s|min|h|B|KiB|MiB|GiB|%|k|M)(?![a-zA-Z]))?/g, "#")
      .replace(/(?<=^|\s)-(?=\s|$)/g, "#")
      .replace(/\s+/g, " ")
      .trim(),
  );
  return new Set(found.filter((line) => line !== ""));
}
