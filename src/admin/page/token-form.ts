import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { setBearerToken } from "./api.ts";
import { html } from "./html.ts";
import { live } from "./live.ts";

/** Asks for the bearer token that this admin interface wants. */
export function TokenForm(): VNode {
  const [token, setToken] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    setBearerToken(token.trim());
    live.restart();
  };
  return html`<form class="token" onSubmit=${submit}>
    <h2>This admin interface wants a token</h2>
    <label>Bearer token
      <input type="password" autocomplete="off" value=${token} onInput=${(event: InputEvent) => setToken((event.target as HTMLInputElement).value)} />
    </label>
    <button>Use it</button>
    <p class="note">It is kept until this tab is closed.</p>
  </form>` as VNode;
}
