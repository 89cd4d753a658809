import type { ComponentChild, VNode } from "preact";
import { useState } from "preact/hooks";
import { postJson } from "../api.ts";
import { ConfigDump } from "../config-dump.ts";
import { dataTable } from "../data-table.ts";
import { DryRun } from "../dry-run.ts";
import { html } from "../html.ts";
import { useLive } from "../live.ts";
import { usePolled } from "../polled.ts";
import { type Excerpt, Problems } from "../problems.ts";

interface Change {
  readonly kind: string;
  readonly name: string;
  readonly change: string;
}

interface Attempt {
  readonly at: string;
  readonly trigger: string;
  readonly outcome: "applied" | "unchanged" | "rejected";
  readonly version?: number;
  readonly changes?: readonly Change[];
  /** How many more there were than are told. */
  readonly changes_left_out?: number;
  readonly problems?: readonly string[];
  readonly excerpts?: readonly (Excerpt | null)[];
}

interface ConfigStatus {
  readonly source: string;
  readonly version: number;
  readonly in_force_since: string;
  readonly applied: number;
  readonly rejected: number;
  readonly reloading: boolean;
  readonly history: readonly Attempt[];
  readonly workers: readonly {
    readonly name: string;
    readonly snapshot_version: number;
    readonly answering: boolean;
  }[];
}

/** The configuration: what is in force, how it came to be, and what another one would do. */
export function ConfigView(): VNode {
  const { latest } = useLive();
  // Asked again whenever something about the configuration has happened.
  const marks = latest?.sample.events.find(({ kind }) => kind !== "crash")?.at_ms ?? 0;
  const { value: status, problem, again } = usePolled<ConfigStatus>(`/config_status?format=json&at=${marks}`, 5000);
  if (status === undefined) return html`<p class="note">${problem || "Asking …"}</p>` as VNode;
  const history = [...status.history].reverse();
  const lastRefusal = history.find(({ outcome }) => outcome === "rejected");
  return html`<div class="config">
    <h2>Configuration</h2>
    ${problem !== "" && html`<p class="alert">${problem}</p>`}
    <section class="card">
    <p>Version <b>${status.version}</b> from <code>${status.source}</code>, in force since ${timeText(status.in_force_since)}.${" "}
      ${status.applied} applied, ${status.rejected} refused.</p>
    <p class="note">${status.workers.map(({ name, snapshot_version, answering }) => `${name}: version ${snapshot_version}${answering ? "" : " (not answering)"}`).join(", ")}</p>
    <${Reload} onDone=${again} />
    </section>
    ${
      lastRefusal !== undefined &&
      html`<section class="card">
      <h3>Last refusal</h3>
      <p class="note">${timeText(lastRefusal.at)}, ${lastRefusal.trigger}</p>
      <${Problems} problems=${lastRefusal.problems ?? []} text="" excerpts=${lastRefusal.excerpts} />
      ${lastRefusal.excerpts !== undefined && html`<p class="note">Values stand as …: they may be secret.</p>`}
    </section>`
    }
    ${historyTable(history)}
    <${DryRun} />
    <${ConfigDump} version=${status.version} />
  </div>` as VNode;
}

function Reload({ onDone }: { readonly onDone: () => void }): VNode {
  const [state, setState] = useState("");
  const reload = async (): Promise<void> => {
    setState("Loading …");
    try {
      const { outcome, version, problems } = await postJson<Attempt>("/config/reload?format=json", "");
      setState(
        outcome === "rejected"
          ? `Refused: ${problems?.[0] ?? ""}`
          : `${outcome === "applied" ? "In force as" : "Nothing has changed, still"} version ${version}.`,
      );
    } catch (error) {
      setState(error instanceof Error ? error.message : String(error));
    }
    onDone();
  };
  return html`<p class="buttons"><button onClick=${() => void reload()}>Load the file again</button> <span role="status">${state}</span></p>` as VNode;
}

function historyTable(history: readonly Attempt[]): VNode {
  return dataTable<Attempt>({
    caption: "History",
    rows: history,
    rowKey: ({ at, trigger }) => `${at} ${trigger}`,
    rowClass: ({ outcome }) => (outcome === "rejected" ? "bad" : ""),
    empty: "No configuration was tried yet.",
    columns: [
      { head: "Time", cell: ({ at }) => timeText(at) },
      { head: "Trigger", cell: ({ trigger }) => trigger },
      {
        head: "Outcome",
        cell: ({ outcome, version }) => (outcome === "rejected" ? "refused" : `${outcome}, version ${version}`),
      },
      { head: "Differences", text: true, cell: differences },
    ],
  });
}

/** `2026-11-21 11:40:36.196 UTC`. */
function timeText(at: string): string {
  return at.replace("T", " ").replace("Z", " UTC");
}

function differences({ changes, changes_left_out: left = 0, problems, outcome }: Attempt): ComponentChild {
  if (outcome === "rejected") return problems?.[0] ?? "";
  if (changes === undefined || changes.length === 0) return "none";
  return html`<details>
    <summary>${changes.length + left} ${changes.length + left === 1 ? "resource" : "resources"}</summary>
    <ul class="changes">${changes.map(({ kind, name, change }) => html`<li class=${change}>${change} ${kind} <b>${name}</b></li>`)}</ul>
    ${left > 0 && html`<p class="note">and ${left} more</p>`}
  </details>`;
}
