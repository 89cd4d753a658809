import { type AdminHandler, type AdminRequest, type AdminResponse, textResponse } from "./admin-handler.ts";

/** The list of all pages and commands, in Envoy's form, by path. */
export function renderHelp(handlers: readonly AdminHandler[]): string {
  let text = "admin commands are:\n";
  for (const handler of [...handlers].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const method = handler.access === "change" ? " (POST)" : handler.access === "both" ? " (GET or POST)" : "";
    text += `  ${handler.path}${method}: ${handler.help}\n`;
    for (const { name, help, kind } of handler.params ?? []) {
      const choices = typeof kind === "string" ? "" : `; One of (${kind.join(", ")})`;
      text += `      ${name}: ${help}${choices}\n`;
    }
  }
  return text;
}

/** `/help`. `handlers` gives all of them, itself included. */
export function helpHandler(handlers: () => readonly AdminHandler[]): AdminHandler {
  return {
    path: "/help",
    access: "read",
    help: "print out list of admin commands",
    handle: (_request: AdminRequest): AdminResponse => textResponse(200, renderHelp(handlers())),
  };
}
