import type { ComponentChild, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveActor } from "../live/live-sample.ts";
import { ActorHistory } from "./actor-history.ts";
import { actorPath, type Knowledge, staleness } from "./actor-knowledge.ts";
import { ActorMessages } from "./actor-messages.ts";
import { ActorProfile } from "./actor-profile.ts";
import { ActorTrace } from "./actor-trace.ts";
import { html } from "./html.ts";
import { JsonTree } from "./json-tree.ts";
import { usePolled } from "./polled.ts";
import { linkTo } from "./route.ts";

/** What can be looked at of an actor. */
const TABS = ["State", "Messages", "History", "Trace", "Profile"] as const;

/** One actor: its state, its messages, what it went through, a trace and profiles. `actor` is undefined if there is none of that name now. */
export function ActorPanel({ id, actor }: { readonly id: string; readonly actor: LiveActor | undefined }): VNode {
  const [tab, setTab] = useState<(typeof TABS)[number]>("State");
  const place = useRef<HTMLElement>(null);
  // On a narrow screen it stands above the tree, where whoever chose far below does not see it.
  useEffect(() => {
    if ((place.current?.getBoundingClientRect().top ?? 0) < 0) place.current?.scrollIntoView();
  }, []);
  return html`<section class="panel" ref=${place} aria-label=${`Actor ${id}`}>
    <p class="close"><a href=${linkTo("actors")}>close</a></p>
    <h2>${id}</h2>
    ${actor === undefined && html`<p class="alert">There is no actor of that name now.</p>`}
    <div class="tabs" role="group" aria-label="What to look at">
      ${TABS.map((name) => html`<button key=${name} aria-pressed=${name === tab} onClick=${() => setTab(name)}>${name}</button>`)}
    </div>
    ${content(tab, id)}
  </section>` as VNode;
}

function content(tab: (typeof TABS)[number], id: string): ComponentChild {
  switch (tab) {
    case "State":
      return html`<${ActorState} id=${id} />`;
    case "Messages":
      return html`<${ActorMessages} id=${id} />`;
    case "History":
      return html`<${ActorHistory} id=${id} />`;
    case "Trace":
      return html`<${ActorTrace} id=${id} />`;
    case "Profile":
      return html`<${ActorProfile} id=${id} />`;
  }
}

function ActorState({ id }: { readonly id: string }): VNode {
  const path = actorPath(id, "?format=json");
  const { value, problem } = usePolled<Knowledge & { readonly state: unknown; readonly actor: unknown }>(path, 2000);
  if (value === undefined) return html`<p class="note">${problem || "Asking …"}</p>` as VNode;
  return html`<div>
    ${problem !== "" && html`<p class="alert">${problem}</p>`}
    ${staleness(value)}
    <h3>What it says of itself</h3>
    ${value.state === null ? html`<p class="note">Nothing.</p>` : html`<${JsonTree} value=${value.state} />`}
    <h3>What its thread knows of it</h3>
    <${JsonTree} value=${value.actor} depth=${1} />
  </div>` as VNode;
}
