import { PATH_CHARACTER, VARIABLE_NAME } from "./uri-template.ts";

const LITERAL = new RegExp(`^[${PATH_CHARACTER}/]+$`);

/** A text, or what a variable of the path's template stands for. */
export type RewriteTemplatePart = string | { readonly variable: string };

/** The parts of a template in order, or what is wrong with it. */
export type RewriteTemplate =
  | { readonly parts: readonly RewriteTemplatePart[]; readonly problem?: undefined }
  | { readonly problem: string; readonly parts?: undefined };

/** Reads a template that says what a path becomes: text, and `{name}` for what a variable stood for. Source: Envoy's `uri_template`. */
export function parseRewriteTemplate(template: string): RewriteTemplate {
  if (!template.startsWith("/")) return { problem: "must begin with /" };
  if (template.includes("//")) return { problem: "must not hold //" };
  const parts: RewriteTemplatePart[] = [];
  for (const piece of template.split(/(\{[^{}]*\})/)) {
    if (piece === "") continue;
    const name = piece.startsWith("{") && piece.endsWith("}") ? piece.slice(1, -1) : null;
    if (name === null && !LITERAL.test(piece)) return { problem: `${JSON.stringify(piece)} is no part of a path` };
    if (name !== null && !VARIABLE_NAME.test(name)) {
      return { problem: `{${name}} has no name of 1 to 16 letters and digits` };
    }
    parts.push(name === null ? piece : { variable: name });
  }
  return { parts };
}
