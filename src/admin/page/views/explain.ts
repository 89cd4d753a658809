import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { postJson } from "../api.ts";
import { type Explanation, ExplanationSteps } from "../explanation.ts";
import { html } from "../html.ts";
import { usePolled } from "../polled.ts";
import { Problems } from "../problems.ts";

interface Question {
  readonly url: string;
  readonly method: string;
  readonly headers: string;
  readonly source: string;
  readonly sni: string;
  readonly listener: string;
  readonly config: string;
}

type Answer = Explanation | { readonly problems: readonly string[] };

interface Listeners {
  readonly listener_statuses?: readonly ListenerStatus[];
}

interface ListenerStatus {
  readonly name: string;
}

/** Where a request would go, and why. `chosen`: its URL at first. */
export function ExplainView({ chosen }: { readonly chosen: string }): VNode {
  const first: Question = { url: chosen, method: "GET", headers: "", source: "", sni: "", listener: "", config: "" };
  const listeners = usePolled<Listeners>("/listeners?format=json", 0).value?.listener_statuses ?? [];
  const [question, setQuestion] = useState(first);
  const [answer, setAnswer] = useState<Answer | string>("");
  const input = (name: keyof Question) => (event: InputEvent) =>
    setQuestion({
      ...question,
      [name]: (event.target as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement).value,
    });
  const ask = async (event: Event): Promise<void> => {
    event.preventDefault();
    setAnswer("Asking …");
    try {
      setAnswer(await postJson<Answer>("/explain?format=json", bodyOf(question), "application/json"));
    } catch (error) {
      setAnswer(error instanceof Error ? error.message : String(error));
    }
  };
  return html`<div class="explain">
    <h2>Explain</h2>
    <form class="card" onSubmit=${(event: Event) => void ask(event)}>
      <label class="field"><span>URL</span> <input class="wide" name="url" required placeholder="http://app.example/cart" spellcheck=${false} value=${question.url} onInput=${input("url")} /></label>
      ${
        listeners.length > 1 &&
        html`<label class="field"><span>Listener</span>
          <select name="listener" value=${question.listener} onInput=${input("listener")}>
            <option value="">the one that fits the URL</option>
            ${listeners.map(({ name }) => html`<option key=${name} value=${name}>${name}</option>`)}
          </select></label>`
      }
      <details>
        <summary>More about the request</summary>
        <label class="field"><span>Method</span> <input name="method" value=${question.method} onInput=${input("method")} /></label>
        <label class="field"><span>Headers, one per line</span> <textarea name="headers" rows="3" spellcheck=${false} placeholder="x-version: 2" value=${question.headers} onInput=${input("headers")}></textarea></label>
        <label class="field"><span>Client's address</span> <input name="source" placeholder="127.0.0.1" value=${question.source} onInput=${input("source")} /></label>
        <label class="field"><span>TLS server name</span> <input name="sni" value=${question.sni} onInput=${input("sni")} /></label>
      </details>
      <details>
        <summary>On a proposed configuration</summary>
        <label><span class="note">YAML or JSON; empty: what is in force</span>
          <textarea name="config" rows="8" spellcheck=${false} value=${question.config} onInput=${input("config")}></textarea>
        </label>
      </details>
      <p class="buttons"><button class="main">Where would it go?</button></p>
    </form>
    <div role="status" class="outcome">${shown(answer, question.config)}</div>
  </div>` as VNode;
}

function shown(answer: Answer | string, config: string): unknown {
  if (typeof answer === "string") return answer;
  if ("problems" in answer) return html`<${Problems} problems=${answer.problems} text=${config} />`;
  return html`<${ExplanationSteps} explanation=${answer} />`;
}

/** The body of `POST /explain`; what is empty is left to its default. */
export function bodyOf({ url, method, headers, source, sni, listener, config }: Question): string {
  const fields: Record<string, string[]> = {};
  for (const line of headers.split("\n")) {
    const [, name, value] = /^\s*([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields[name] = [...(fields[name] ?? []), value];
  }
  return JSON.stringify({
    url: /^[a-z]+:\/\//i.test(url) ? url.trim() : `http://${url.trim()}`,
    headers: fields,
    ...(method !== "" && { method }),
    ...(source !== "" && { source }),
    ...(sni !== "" && { sni }),
    ...(listener !== "" && { listener }),
    ...(config.trim() !== "" && { config }),
  });
}
