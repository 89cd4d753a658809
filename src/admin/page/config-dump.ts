import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { html } from "./html.ts";
import { JsonTree } from "./json-tree.ts";
import { usePolled } from "./polled.ts";

/** The configuration in force, asked for when it is to be shown. */
export function ConfigDump({ version }: { readonly version: number }): VNode {
  const [open, setOpen] = useState(false);
  const { value, problem } = usePolled<{ readonly configs?: readonly unknown[] }>(
    open ? `/config_dump?version=${version}` : "",
    0,
  );
  return html`<section class="card">
    <h3>In force</h3>
    <p><button aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Hide it" : "Show it"}</button></p>
    ${open && value === undefined && html`<p class="note">${problem || "Asking …"}</p>`}
    ${open && value !== undefined && html`<${JsonTree} value=${value.configs ?? []} depth=${1} />`}
  </section>` as VNode;
}
