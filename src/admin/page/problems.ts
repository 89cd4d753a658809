import type { VNode } from "preact";
import { html } from "./html.ts";

/** A line of a problem's text that is marked, with its neighbours. */
export interface MarkedLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly marked: boolean;
}

const NEIGHBOURS = 2;

/** The place that a problem begins with: `file:line:column: …`. */
export function placeOf(problem: string): { readonly line: number; readonly column: number } | undefined {
  const match = /^[^\n]*?:(\d+):(\d+): /.exec(problem);
  return match === null ? undefined : { line: Number(match[1]), column: Number(match[2]) };
}

/** The lines of a text around a place. */
export function linesAround(text: string, line: number): MarkedLine[] {
  const lines = text.split("\n");
  const from = Math.max(line - NEIGHBOURS, 1);
  return lines
    .slice(from - 1, line + NEIGHBOURS)
    .map((content, index) => ({ number: from + index, text: content, marked: from + index === line }));
}

/** Problems of a configuration; if its text is known, each with the line marked. */
export function Problems({ problems, text }: { readonly problems: readonly string[]; readonly text: string }): VNode {
  return html`<ul class="problems">
    ${problems.map((problem) => {
      const place = text === "" ? undefined : placeOf(problem);
      return html`<li key=${problem}><p class="error">${markPlace(problem)}</p>${place !== undefined && excerpt(text, place.line)}</li>`;
    })}
  </ul>` as VNode;
}

function markPlace(problem: string): unknown {
  const match = /^([^\n]*?:\d+:\d+): ([\s\S]*)$/.exec(problem);
  return match === null ? problem : html`<mark>${match[1]}</mark> ${match[2]}`;
}

function excerpt(text: string, line: number): VNode {
  return html`<pre class="excerpt">${linesAround(text, line).map(
    ({ number, text: content, marked }) =>
      html`<span class=${marked ? "line marked" : "line"}>${String(number).padStart(5)}  ${content}${"\n"}</span>`,
  )}</pre>` as VNode;
}
