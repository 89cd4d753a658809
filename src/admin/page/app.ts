import type { ComponentType, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { percent } from "./format.ts";
import { html } from "./html.ts";
import { useLive } from "./live.ts";
import { errorShare } from "./rates.ts";
import { linkTo, useRoute } from "./route.ts";
import { Status } from "./status.ts";
import { TokenForm } from "./token-form.ts";
import { ActorsView } from "./views/actors.ts";
import { ConfigView } from "./views/config.ts";
import { ConnectionsView } from "./views/connections.ts";
import { ErrorsView } from "./views/errors.ts";
import { ExplainView } from "./views/explain.ts";
import { OverviewView } from "./views/overview.ts";
import { TrafficView } from "./views/traffic.ts";

/** The views, in the order of the navigation; the first is shown when nothing is chosen. */
const VIEWS: readonly {
  readonly name: string;
  readonly label: string;
  readonly view: ComponentType<{ chosen: string }>;
}[] = [
  { name: "overview", label: "Overview", view: OverviewView },
  { name: "actors", label: "Actors", view: ActorsView },
  { name: "traffic", label: "Traffic", view: TrafficView },
  { name: "connections", label: "Connections", view: ConnectionsView },
  { name: "explain", label: "Explain", view: ExplainView },
  { name: "errors", label: "Errors", view: ErrorsView },
  { name: "config", label: "Config", view: ConfigView },
];

/** A harlequin's lozenges. */
const MARK = html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
  <path d="M12 1l5 5.5-5 5.5-5-5.5z" /><path d="M6 6.5l5 5.5-5 5.5L1 12z" /><path d="M18 6.5l5 5.5-5 5.5-5-5.5z" /><path d="M12 12l5 5.5-5 5.5-5-5.5z" />
</svg>`;

/** The whole page. */
export function App(): VNode {
  const { connection, rates } = useLive();
  const route = useRoute();
  const current = VIEWS.find(({ name }) => name === route.view) ?? VIEWS[0]!;
  const share = rates === undefined ? 0 : errorShare(rates.totals);
  const badge =
    share > 0 && html`<span class="badge" title="answered with 5xx in the last second">${percent(share)}</span>`;
  const links = VIEWS.map(
    ({ name, label }) => html`<li key=${name}>
      <a href=${linkTo(name)} aria-current=${name === current.name ? "page" : undefined}>${label}</a>${name === "errors" && badge}
    </li>`,
  );
  useEffect(() => {
    document.title = `${current.label} · Troupe`;
  }, [current]);
  return html`<div class="page">
    <a class="skip" href="#main" onClick=${skipToMain}>Skip to the content</a>
    <header>
      <h1>${MARK}Troupe</h1>
      <nav aria-label="Views"><ul>${links}</ul></nav>
      <a class="endpoints" href="/endpoints">All endpoints</a>
    </header>
    <${Status} />
    <main id="main" tabindex="-1">
      ${connection === "unauthorized" ? html`<${TokenForm} />` : html`<${current.view} chosen=${route.chosen} />`}
    </main>
  </div>` as VNode;
}

/** The fragment is taken by the routes. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
