import type { ComponentChild } from "preact";
import { duration } from "./format.ts";
import { html } from "./html.ts";

/** What tells that an answer is an old one. */
export interface Knowledge {
  readonly answering: boolean;
  readonly age_ms: number;
  readonly reason: string | null;
}

/** The path of a page about an actor. */
export function actorPath(id: string, page: string): string {
  return `/actors/${id.split("/").map(encodeURIComponent).join("/")}${page}`;
}

/** Says that an answer is an old one. */
export function staleness({ answering, age_ms, reason }: Knowledge): ComponentChild {
  if (answering) return null;
  return html`<p class="alert">It does not answer (${reason ?? "no reason given"}); this is as of ${duration(age_ms)} ago.</p>`;
}
