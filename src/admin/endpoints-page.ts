import { createHash } from "node:crypto";
import type { AdminHandler, AdminParam, AdminResponse } from "./admin-handler.ts";
import type { Json } from "./json-value.ts";
import { escapeHtml } from "./printable.ts";
import type { ServerState, ServerView } from "./server-view.ts";

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c1f23}
table{border-collapse:collapse;width:100%}td{padding:.35rem .6rem;border-top:1px solid #ddd;vertical-align:top}
code{font-size:14px}form{margin:0}label{margin-right:.8rem;white-space:nowrap;color:#555}input[type=text]{width:9rem}`;

/** Nothing is loaded from anywhere, no script runs, and forms go to this server only. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** `/endpoints`: every page and command as a link or form, as Envoy's `/`. `handlers` gives all of them. Troupe's own. */
export function endpointsPageHandler(server: ServerView, handlers: () => readonly AdminHandler[]): AdminHandler {
  return {
    path: "/endpoints",
    access: "read",
    help: "all pages and commands as links and forms",
    handle: async () => endpointsPage(server, await server.state(), handlers()),
  };
}

function endpointsPage(server: ServerView, state: ServerState, handlers: readonly AdminHandler[]): AdminResponse {
  const { node, version } = server.info();
  const rows = [...handlers]
    .filter(({ path }) => path !== "/endpoints" && !path.includes("*"))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(row);
  const title = `Troupe ${state}`;
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(version)}${nodeText("node", node.id)}${nodeText("cluster", node.cluster)}</p>
<table>
${rows.join("\n")}
</table></body></html>
`;
  return {
    status: 200,
    contentType: "text/html; charset=UTF-8",
    headers: {
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
    },
    body,
  };
}

function nodeText(label: string, value: Json | undefined): string {
  return typeof value === "string" && value !== "" ? ` · ${label} <b>${escapeHtml(value)}</b>` : "";
}

function row({ path, access, help, params }: AdminHandler): string {
  const method = access === "read" ? "get" : "post";
  const fields = (params ?? []).map(field).join("");
  const form = `<form method="${method}" action="${escapeHtml(path)}"><button>${access === "read" ? "show" : "do"}</button> ${fields}</form>`;
  const name =
    access === "change"
      ? `<code>${escapeHtml(path)}</code>`
      : `<a href="${escapeHtml(path)}"><code>${escapeHtml(path)}</code></a>`;
  return `<tr><td>${name}</td><td>${escapeHtml(help)}${access === "read" && fields === "" ? "" : form}</td></tr>`;
}

function field({ name, help, kind }: AdminParam): string {
  const label = `<label title="${escapeHtml(help)}">${escapeHtml(name)} `;
  if (kind === "flag") return `${label}<input type="checkbox" name="${escapeHtml(name)}"></label>`;
  if (kind === "text") return `${label}<input type="text" name="${escapeHtml(name)}"></label>`;
  const options = kind.map((choice) => `<option>${escapeHtml(choice)}</option>`).join("");
  return `${label}<select name="${escapeHtml(name)}">${options}</select></label>`;
}
