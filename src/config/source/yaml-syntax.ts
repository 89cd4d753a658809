import { Composer, type CST, type Document, type ParsedNode, Parser, type YAMLError } from "yaml";
import { type LineIndex, MAX_DEPTH, type SyntaxProblem } from "./source-document.ts";

/** The most tokens that are parsed at once; they and their syntax tree take up to 400 bytes each. 30,000 clusters have 3 million. */
const MAX_TOKENS = 4_000_000;
/** A list of wrong tokens is no help beyond this. */
const MAX_SYNTAX_PROBLEMS = 20;

/** What to say about lists and maps that are nested too deep. */
export const TOO_DEEP = `lists and maps are nested more than ${MAX_DEPTH} deep`;

/** Stops the parser where a limit is exceeded, so that hostile text costs bounded time and memory. */
class TextLimitError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** The library's parser with limits on the number of tokens and on nesting. */
class BoundedParser extends Parser {
  #tokens = 0;

  override *next(source: string): Generator<CST.Token, void> {
    if (++this.#tokens > MAX_TOKENS) {
      throw new TextLimitError(this.offset, `too large to be parsed as one YAML text: more than ${MAX_TOKENS} tokens`);
    }
    // A level takes one or two places of the stack, the document one.
    if (this.stack.length > 2 * MAX_DEPTH + 2) throw new TextLimitError(this.offset, TOO_DEEP);
    yield* super.next(source);
  }
}

/** The syntax tree of a YAML text, or what is wrong with its syntax. */
export type YamlSyntax =
  | { readonly contents: ParsedNode | null; readonly problems?: undefined }
  | { readonly contents?: undefined; readonly problems: readonly SyntaxProblem[] };

/** Parses a text that holds one document. Scalars stay text (the failsafe schema); duplicate keys are let through. Never throws. */
export function parseYamlSyntax(text: string, lines: LineIndex): YamlSyntax {
  const composer = new Composer({ schema: "failsafe", uniqueKeys: false, prettyErrors: false, logLevel: "error" });
  const documents: Document.Parsed[] = [];
  try {
    for (const document of composer.compose(new BoundedParser().parse(text), true, text.length)) {
      documents.push(document);
      if (documents.length === 2) break;
    }
  } catch (error) {
    if (error instanceof TextLimitError) {
      return { problems: [{ position: lines.position(error.offset), message: error.message }] };
    }
    if (error instanceof RangeError) return { problems: [{ position: { line: 1, column: 1 }, message: TOO_DEEP }] };
    throw error;
  }
  const [first, second] = documents;
  const problems = (first?.errors ?? []).slice(0, MAX_SYNTAX_PROBLEMS).map((error) => ({
    position: lines.position(error.pos[0]),
    message: syntaxMessage(error),
  }));
  if (second !== undefined) {
    problems.push({ position: lines.position(second.range[0]), message: "more than one YAML document" });
  }
  return problems.length > 0 ? { problems } : { contents: first?.contents ?? null };
}

/** The library's message on one line. */
function syntaxMessage(error: YAMLError): string {
  return error.message.includes("call stack") ? TOO_DEEP : error.message.replace(/\s*\n[\s\S]*$/, "");
}
