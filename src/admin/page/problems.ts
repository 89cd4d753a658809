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

/** The lines around a problem as the proxy tells them. */
export interface Excerpt {
  /** Number of the first of `lines`, from 1. */
  readonly from: number;
  readonly lines: readonly string[];
}

/** What is shown of a configuration that is wrong. */
export interface ProblemsProps {
  readonly problems: readonly string[];
  /** The whole text, if it is known; else `""`. */
  readonly text: string;
  /** Of each problem, if the text is not known. */
  readonly excerpts?: readonly (Excerpt | null)[];
}

/** Problems of a configuration, each with the line marked if that is known. */
export function Problems({ problems, text, excerpts = [] }: ProblemsProps): VNode {
  return html`<ul class="problems">
    ${problems.map((problem, index) => {
      const place = placeOf(problem);
      const lines = place === undefined ? [] : linesOf(text, excerpts[index] ?? null, place.line);
      return html`<li key=${problem}><p class="error">${markPlace(problem)}</p>${lines.length > 0 && excerpt(lines)}</li>`;
    })}
  </ul>` as VNode;
}

function linesOf(text: string, told: Excerpt | null, line: number): MarkedLine[] {
  if (text !== "") return linesAround(text, line);
  const { from, lines } = told ?? { from: 0, lines: [] };
  return lines.map((content, index) => ({ number: from + index, text: content, marked: from + index === line }));
}

function markPlace(problem: string): unknown {
  const match = /^([^\n]*?:\d+:\d+): ([\s\S]*)$/.exec(problem);
  return match === null ? problem : html`<mark>${match[1]}</mark> ${match[2]}`;
}

function excerpt(lines: readonly MarkedLine[]): VNode {
  return html`<pre class="excerpt">${lines.map(
    ({ number, text: content, marked }) =>
      html`<span class=${marked ? "line marked" : "line"}>${String(number).padStart(5)}  ${content}${"\n"}</span>`,
  )}</pre>` as VNode;
}
