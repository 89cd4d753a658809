import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { postJson } from "./api.ts";
import { html } from "./html.ts";
import { Problems } from "./problems.ts";

interface Outcome {
  readonly outcome: "valid" | "rejected";
  readonly changes?: readonly { readonly kind: string; readonly name: string; readonly change: string }[];
  readonly drains?: readonly { readonly worker: string; readonly connections: number }[];
  readonly not_answering?: readonly string[];
  readonly problems?: readonly string[];
}

/** Says what a configuration would do, without doing it. */
export function DryRun(): VNode {
  const [text, setText] = useState("");
  const [tried, setTried] = useState("");
  const [outcome, setOutcome] = useState<Outcome | string>("");
  const run = async (event: Event): Promise<void> => {
    event.preventDefault();
    setOutcome("Trying …");
    setTried(text);
    try {
      setOutcome(await postJson<Outcome>("/config/dry_run?format=json", text));
    } catch (error) {
      setOutcome(error instanceof Error ? error.message : String(error));
    }
  };
  return html`<section class="card">
    <h3>Dry run</h3>
    <form onSubmit=${(event: Event) => void run(event)}>
      <label><span class="note">A proposed configuration, YAML or JSON; empty: the file as it is now</span>
        <textarea name="proposed" rows="8" spellcheck=${false} value=${text}
          onInput=${(event: InputEvent) => setText((event.target as HTMLTextAreaElement).value)}></textarea>
      </label>
      <button class="main">What would it do?</button>
    </form>
    <div role="status" class="outcome">${typeof outcome === "string" ? outcome : shown(outcome, tried)}</div>
  </section>` as VNode;
}

function shown(outcome: Outcome, text: string): VNode {
  if (outcome.outcome === "rejected") {
    return html`<p class="alert">It would be refused.</p><${Problems} problems=${outcome.problems ?? []} text=${text} />` as unknown as VNode;
  }
  const { changes = [], drains = [], not_answering: silent = [] } = outcome;
  const sum = drains.reduce((total, { connections }) => total + connections, 0);
  return html`<div>
    <p><b>${changes.length === 0 ? "Nothing would change." : `${changes.length} ${changes.length === 1 ? "resource" : "resources"} would change.`}</b>
      ${" "}${sum === 0 ? "No connection would drain." : `${sum} ${sum === 1 ? "connection" : "connections"} would drain:`}</p>
    <ul class="drains">${drains.map(({ worker, connections }) => html`<li>${worker}: ${connections}</li>`)}</ul>
    ${silent.map((worker) => html`<p class="warn">${worker} did not say what it would drain.</p>`)}
    <ul class="changes">${changes.map(({ kind, name, change }) => html`<li class=${change}>${change} ${kind} <b>${name}</b></li>`)}</ul>
  </div>` as VNode;
}
