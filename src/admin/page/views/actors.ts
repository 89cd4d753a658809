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
  return html`<li key=${id} data-actor=${id} class=${answering ? "" : "bad"}>
    <a href=${linkTo("actors", id)} aria-current=${id === chosen ? "true" : undefined}>${name}</a>
    <span class="note"> ${kind} on ${thread}</span>
    <span class="numbers">
      <span class=${answering && status === "running" ? "pill good" : "pill warn"}>
        ${answering ? status : `not answering for ${duration(actor.report_age_ms)}`}
      </span>
      ${typeof version === "number" && html`<span>version ${version}</span>`}
      <span>mailbox <b>${shortNumber(actor.mailbox_length)}</b>${
        actor.oldest_message_age_ms === null ? "" : `, oldest ${duration(actor.oldest_message_age_ms)}`
      }</span>
      ${actor.mailbox_alarm && html`<span class="pill warn">mailbox alarm</span>`}
      <span>busy ${percent(actor.busy_share)}</span>
      <span>wait p99 ${duration(actor.wait_ms.p99)}</span>
      <span>handled ${shortNumber(actor.handled)}</span>
      ${actor.restarts > 0 && html`<span class="warn">restarts ${actor.restarts}</span>`}
      ${actor.last_error !== null && html`<span class="error">${actor.last_error}</span>`}
    </span>
    ${children.length > 0 && html`<ul>${children.map((each) => branch(each, chosen))}</ul>`}
  </li>` as VNode;
}

function findActor(actors: readonly LiveActor[], id: string): LiveActor | undefined {
  for (const actor of actors) {
    const found = actor.id === id ? actor : findActor(actor.children, id);
    if (found !== undefined) return found;
  }
  return undefined;
}
