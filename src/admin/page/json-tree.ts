import type { VNode } from "preact";
import { html } from "./html.ts";

/** Longer lists are cut; the rest is told in number. */
const MAX_ENTRIES = 500;
/** So deep is it opened at first. */
const OPEN_DEPTH = 2;

/** Any JSON as a tree that can be folded. */
export function JsonTree({ value, depth = 0 }: { readonly value: unknown; readonly depth?: number }): VNode {
  if (typeof value !== "object" || value === null) {
    return html`<span class=${`json-${value === null ? "null" : typeof value}`}>${String(value)}</span>` as VNode;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return html`<span class="note">${Array.isArray(value) ? "[]" : "{}"}</span>` as VNode;
  const shown = entries.slice(0, MAX_ENTRIES);
  return html`<ul class="json">
    ${shown.map(([key, inner]) => html`<li key=${key}>${entry(key, inner, depth)}</li>`)}
    ${entries.length > shown.length && html`<li class="note">${entries.length - shown.length} more</li>`}
  </ul>` as VNode;
}

function entry(key: string, inner: unknown, depth: number): unknown {
  const isLeaf = typeof inner !== "object" || inner === null || Object.keys(inner).length === 0;
  if (isLeaf) return html`<span class="key">${key}</span> <${JsonTree} value=${inner} />`;
  const count = Object.keys(inner).length;
  return html`<details open=${depth < OPEN_DEPTH}>
    <summary><span class="key">${key}</span> <span class="note">${Array.isArray(inner) ? `[${count}]` : `{${count}}`}</span></summary>
    <${JsonTree} value=${inner} depth=${depth + 1} />
  </details>`;
}
