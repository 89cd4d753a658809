import type { VNode } from "preact";
import type { LiveActor } from "../../live/live-sample.ts";
import { ActorPanel } from "../actor-panel.ts";
import { duration, percent, shortNumber } from "../format.ts";
import { html } from "../html.ts";
import { useLive } from "../live.ts";
import { linkTo } from "../route.ts";

/** The tree of actors, live, and what is chosen of it. */
export function ActorsView({ chosen }: { readonly chosen: string }): VNode {
  const { latest } = useLive();
  if (latest === undefined) return html`<p class="note">Waiting for the first sample …</p>` as VNode;
  const actors = latest.sample.actors;
  const actor = findActor(actors, chosen);
  return html`<div class=${chosen === "" ? "actors" : "actors with-panel"}>
    <section>
      <h2>Actors</h2>
      <ul class="tree" aria-label="Actors">${actors.map((each) => branch(each, chosen))}</ul>
    </section>
    ${chosen !== "" && html`<${ActorPanel} key=${chosen} id=${chosen} actor=${actor} />`}
  </div>` as VNode;
}

function branch(actor: LiveActor, chosen: string): VNode {
  const { id, kind, thread, status, answering, children, snapshot_version: version } = actor;
  const name = id.split("/").at(-1) ?? id;
  const pill = !answering ? "pill bad" : status === "running" ? "pill good" : "pill warn";
  return html`<li key=${id} data-actor=${id} class=${answering ? "" : "bad"}>
    <div class="actor">
      <span><a class="name" href=${linkTo("actors", id)} aria-current=${id === chosen ? "true" : undefined}>${name}</a> <span class="note">${kind === name ? "" : `${kind} `}on ${thread}</span></span>
      <span class=${pill}>${answering ? status : `not answering for ${duration(actor.report_age_ms)}`}</span>
      <span class="numbers">
        ${mailbox(actor)}
        <span>busy <b>${percent(actor.busy_share)}</b></span>
        <span>wait p99 <b>${duration(actor.wait_ms.p99)}</b></span>
        <span>handled <b>${shortNumber(actor.handled)}</b></span>
        ${typeof version === "number" && html`<span>version <b>${version}</b></span>`}
        ${actor.restarts > 0 && html`<span class="warn">restarts ${actor.restarts}</span>`}
      </span>
      ${actor.last_error !== null && html`<span class="error">${actor.last_error}</span>`}
    </div>
    ${children.length > 0 && html`<ul>${children.map((each) => branch(each, chosen))}</ul>`}
  </li>` as VNode;
}

/** How many messages wait, and how full that makes the mailbox. */
function mailbox({ mailbox_length, mailbox_capacity, mailbox_alarm, oldest_message_age_ms }: LiveActor): VNode {
  const share = mailbox_capacity > 0 ? Math.min(mailbox_length / mailbox_capacity, 1) : 0;
  const oldest = oldest_message_age_ms === null ? "" : `, oldest ${duration(oldest_message_age_ms)}`;
  return html`<span>mailbox<span class=${mailbox_alarm ? "mailbox full" : "mailbox"} aria-hidden="true"><i style=${{ width: `${share * 100}%` }}></i></span><b>${shortNumber(mailbox_length)}</b>${oldest}${mailbox_alarm && html` <span class="pill bad">alarm</span>`}</span>` as VNode;
}

function findActor(actors: readonly LiveActor[], id: string): LiveActor | undefined {
  for (const actor of actors) {
    const found = actor.id === id ? actor : findActor(actor.children, id);
    if (found !== undefined) return found;
  }
  return undefined;
}
