/** What stands for one character of a path segment: RFC 3986's pchar without `*` and `=`, as in Envoy. */
export const PATH_CHARACTER = "-a-zA-Z0-9._~%!$&'()+,;:@";
const LITERAL = new RegExp(`^[${PATH_CHARACTER}]+`);
/** Names of variables. */
export const VARIABLE_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,15}$/;
const MOST_VARIABLES = 5;

/** A template, read. */
export interface UriTemplateData {
  /** For whole paths, in RE2's syntax, with a group for each variable. */
  readonly regex: string;
  /** Their names, in the order of the groups. */
  readonly variables: readonly string[];
}

/** A template, or what is wrong with it. */
export type UriTemplate =
  | (UriTemplateData & { readonly problem?: undefined })
  | { readonly problem: string; readonly regex?: undefined };

class TemplateError extends Error {}

/**
 * Reads a template of paths: `*` is one segment, `**` any number of them and the last operator, `{name}` a segment with a name,
 * `{name=a/*}` some segments with a name; behind an operator text may follow, which ends the path. Source: Envoy's `uri_template`.
 */
export function parseUriTemplate(template: string): UriTemplate {
  try {
    const parser = new TemplateParser(template);
    return { regex: parser.regex(), variables: [...parser.names] };
  } catch (error) {
    if (error instanceof TemplateError) return { problem: error.message };
    throw error;
  }
}

class TemplateParser {
  #rest: string;
  /** Of the variables so far, in order. */
  readonly names = new Set<string>();
  /** `**` has come. */
  #isOpen = false;

  constructor(template: string) {
    this.#rest = template;
  }

  regex(): string {
    if (!/^\/[\x21-\x7e]*$/.test(this.#rest)) throw new TemplateError("must begin with / and hold no blanks");
    let regex = "";
    while (this.#rest !== "") {
      if (!this.#rest.startsWith("/")) return regex + this.#suffix();
      this.#rest = this.#rest.slice(1);
      regex += "/";
      if (this.#rest !== "") regex += this.#segment();
    }
    return regex;
  }

  #segment(): string {
    return this.#rest.startsWith("{") ? this.#variable() : this.#part();
  }

  /** An operator or text. */
  #part(): string {
    const operator = /^\*\*?/.exec(this.#rest)?.[0];
    if (operator === undefined) return this.#literal();
    this.#rest = this.#rest.slice(operator.length);
    return this.#operator(operator);
  }

  #operator(operator: string): string {
    if (this.#isOpen) throw new TemplateError("nothing but text may follow **");
    this.#isOpen = operator === "**";
    return this.#isOpen ? `[${PATH_CHARACTER}/]*` : `[${PATH_CHARACTER}]+`;
  }

  #literal(): string {
    const literal = LITERAL.exec(this.#rest)?.[0];
    if (literal === undefined) throw new TemplateError(`${JSON.stringify(this.#rest)} is no part of a path`);
    this.#rest = this.#rest.slice(literal.length);
    return literal.replace(/[$().+]/g, "\\$&");
  }

  #variable(): string {
    const end = this.#rest.indexOf("}");
    if (end === -1) throw new TemplateError("a { has no }");
    const [name = "", ...match] = this.#rest.slice(1, end).split("=");
    const after = this.#rest.slice(end + 1);
    this.#note(name);
    this.#rest = match.join("=");
    const regex = match.length === 0 ? this.#operator("*") : this.#variableMatch(name);
    this.#rest = after;
    return `(${regex})`;
  }

  /** What stands behind the `=` of a variable. */
  #variableMatch(name: string): string {
    let regex = this.#part();
    while (this.#rest !== "") {
      if (!this.#rest.startsWith("/")) throw new TemplateError(`what {${name}} matches must be whole segments`);
      this.#rest = this.#rest.slice(1);
      regex += `/${this.#part()}`;
    }
    return regex;
  }

  #note(name: string): void {
    if (!VARIABLE_NAME.test(name)) throw new TemplateError(`{${name}} has no name of 1 to 16 letters and digits`);
    if (this.names.has(name)) throw new TemplateError(`{${name}} stands there twice`);
    this.names.add(name);
    if (this.names.size > MOST_VARIABLES) throw new TemplateError(`has more than ${MOST_VARIABLES} variables`);
  }

  /** Text right behind an operator, with which the path ends. */
  #suffix(): string {
    const regex = this.#literal();
    if (this.#rest !== "") throw new TemplateError("text behind an operator must be the end");
    return regex;
  }
}
