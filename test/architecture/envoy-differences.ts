import { writeFileSync } from "node:fs";
import path from "node:path";
import { envoyDifferences } from "./docstrings.ts";
import { ROOT, sourceFiles } from "./source-file.ts";

/** Where the page stands, in the repository. */
export const DIFFERENCES_PAGE = "docs/envoy-differences.md";

/** The page that lists each deliberate difference from Envoy, made from the docstrings. */
export function differencesPage(): string {
  const rows = sourceFiles("src", "actors")
    .flatMap(envoyDifferences)
    .map(({ path: file, text }) => `- [\`${file}\`](../${file}): ${text}`);
  return `# Where Troupe differs from Envoy on purpose

Made from the \`Differs from Envoy:\` statements in the sources by \`npm run docs\`;
\`npm run check\` fails when it is out of date.

${rows.join("\n")}
`;
}

if (import.meta.main) writeFileSync(path.join(ROOT, DIFFERENCES_PAGE), differencesPage());
