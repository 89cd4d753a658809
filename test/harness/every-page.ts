import type { AdminHandler } from "../../src/admin/admin-handler.ts";
import { adminHandlers } from "../../src/admin/admin-handlers.ts";
import { SampleProxy } from "./sample-admin-views.ts";

/** Every page and command of the admin interface, the debugging ones too. */
export const ADMIN_HANDLERS: readonly AdminHandler[] = adminHandlers(new SampleProxy().views, {
  debugEndpoints: true,
  heapSnapshots: false,
});

/** What pages are asked beside the values that their parameters list. */
const MORE_QUERIES: Readonly<Record<string, readonly string[]>> = {
  "/config_dump": ["?resource=static_clusters", "?resource=static_listeners", "?mask=bootstrap", "?name_regex=.*"],
  "/stats": ["?filter=.*"],
  "/explain/last": ["?limit=100", "?flag=UF&format=json"],
};

/** The paths that a handler's pattern stands for: one for each actor, or one file of the web page. Throws for a pattern it does not know. */
export function pathsOf(pattern: string, actorIds: readonly string[]): readonly string[] {
  if (pattern === "/page/*") return ["/page/main.ts"];
  if (!pattern.includes("*")) return [pattern];
  if (!pattern.startsWith("/actors/*")) throw new Error(`${pattern}: what is to be put for *?`);
  return actorIds.map((id) => pattern.replace("*", id));
}

/** A page in one of its forms. */
export interface EveryPage {
  /** Path and query. */
  readonly target: string;
  readonly handler: AdminHandler;
}

/** Every page as a target of GET, in all the forms that its parameters list, with the handler that answers it. */
export function everyPage(actorIds: readonly string[]): EveryPage[] {
  return ADMIN_HANDLERS.filter(({ access }) => access !== "change").flatMap((handler) =>
    pathsOf(handler.path, actorIds).flatMap((path) =>
      queriesOf(handler).map((query) => ({ target: path + query, handler })),
    ),
  );
}

function queriesOf({ path, access, params = [] }: AdminHandler): readonly string[] {
  const listed = params.flatMap(({ name, kind }) =>
    // Those of pages that are commands too are for the command.
    kind === "text" || (access === "both" && name !== "format")
      ? []
      : kind === "flag"
        ? [`?${name}`]
        : kind.map((value) => `?${name}=${value}`),
  );
  return ["", ...listed, ...(MORE_QUERIES[path] ?? [])];
}
