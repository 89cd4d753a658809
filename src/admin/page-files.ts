import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

/** A file of the web page, ready to be sent. */
export interface PageFile {
  readonly contentType: string;
  readonly text: string;
}

/** What the page's modules import by name, and where it is served. The files come from the installed packages as they are. */
const LIBRARIES: ReadonlyMap<string, string> = new Map([
  ["preact", "/page/lib/preact.js"],
  ["preact/hooks", "/page/lib/preact-hooks.js"],
  ["htm", "/page/lib/htm.js"],
  ["uplot", "/page/lib/uplot.js"],
]);
const CHART_STYLE = "/page/lib/uplot.css";

const FOLDER = new URL("./page/", import.meta.url);
/** A module of the page: small letters, in its folder or one below. */
const MODULE = /^\/page\/((?:[a-z][a-z0-9-]*\/)?[a-z][a-z0-9-]*)\.(ts|js)$/;
const IMPORT = /\b((?:from|import)\s*)(["'])([a-z][a-z/]*)\2/g;

const JAVASCRIPT = "text/javascript; charset=UTF-8";
const CSS = "text/css; charset=UTF-8";

/**
 * The files of the web page by their URL path. From the sources types are stripped as a file is first asked for; in the
 * published package the modules are JavaScript already. Files are kept: there are few, and none changes.
 */
export class PageFiles {
  readonly #kept = new Map<string, PageFile>();

  /** Undefined if the page has no such file. */
  get(path: string): PageFile | undefined {
    const kept = this.#kept.get(path);
    if (kept !== undefined) return kept;
    const file = load(path);
    if (file !== undefined) this.#kept.set(path, file);
    return file;
  }
}

function load(path: string): PageFile | undefined {
  if (path === "/") return { contentType: "text/html; charset=UTF-8", text: indexPage() };
  const style = /^\/page\/((?:page|views)\.css)$/.exec(path)?.[1];
  if (style !== undefined) return { contentType: CSS, text: own(style) ?? "" };
  if (path === CHART_STYLE) return { contentType: CSS, text: installed("uplot", "uPlot.min.css") };
  for (const [name, url] of LIBRARIES) {
    if (url === path) return javascript(name === "uplot" ? installed(name, "uPlot.esm.js") : installed(name));
  }
  const [, name, ending] = MODULE.exec(path) ?? [];
  const source = name === undefined ? undefined : own(`${name}.${ending}`);
  if (source === undefined) return undefined;
  return javascript(ending === "ts" ? stripTypeScriptTypes(source) : source);
}

/** Browsers know no packages: what is imported by name gets its URL. */
function javascript(source: string): PageFile {
  const text = source
    .replace(IMPORT, (whole, word: string, quote: string, name: string) => {
      const url = LIBRARIES.get(name);
      return url === undefined ? whole : `${word}${quote}${url}${quote}`;
    })
    .replace(/^\/\/# sourceMappingURL=.*$/m, "");
  return { contentType: JAVASCRIPT, text };
}

/** The page's first module has the ending of this one: `.ts` in the sources, `.js` where they were compiled. */
function indexPage(): string {
  const ending = import.meta.filename.endsWith(".ts") ? "ts" : "js";
  return (own("page.html") ?? "").replace("main.ts", `main.${ending}`);
}

function own(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, FOLDER), "utf8");
  } catch {
    return undefined;
  }
}

/** The file that an import of the package gets, or another one beside it. */
function installed(name: string, file = ""): string {
  return readFileSync(new URL(file, import.meta.resolve(name)), "utf8");
}
