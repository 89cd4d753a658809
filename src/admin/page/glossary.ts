import type { VNode } from "preact";
import { html } from "./html.ts";

const WORDS: readonly (readonly [word: string, meaning: string])[] = [
  ["requests/s", "requests that began in the last second, on all listeners but the admin interface"],
  ["answered 5xx", "the share of the answers of the last second with a status from 500, of hosts and of Troupe itself"],
  [
    "latency p50, p99",
    "half of the requests, and 99 of 100, were over within this time: from their first byte to the last of the response",
  ],
  ["under way", "requests that have begun and are not over"],
  ["CPU", "processor time of the thread; 100 % is one core"],
  ["loop busy", "the share of time in which the thread worked instead of waiting for something to do"],
  ["loop delay", "the longest time lately in which the thread could take nothing new: requests waited that long"],
  ["waiting", "requests of a cluster that have no connection yet"],
  ["version", "of the configuration that a worker runs; yellow if another one is in force"],
];

/** What the numbers of the overview mean, to be opened. */
export function glossary(): VNode {
  return html`<details class="card glossary">
    <summary>What the numbers mean</summary>
    <dl>${WORDS.map(([word, meaning]) => html`<div key=${word}><dt>${word}</dt><dd>${meaning}</dd></div>`)}</dl>
  </details>` as VNode;
}
