import { LOG_LEVELS, type LogLevel } from "../base/log.ts";
import { type AdminHandler, type AdminRequest, type AdminResponse, OK, textResponse } from "./admin-handler.ts";
import type { Control } from "./control.ts";
import type { LoggingView } from "./views.ts";

const USAGE = `usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
levels: ${LOG_LEVELS.join(" ")}
`;

/**
 * `/logging` and `/reopen_logs`.
 *
 * Differs from Envoy: a GET without parameters shows the levels; Envoy wants a POST for that too.
 */
export function loggingHandlers(view: LoggingView, control: Control): readonly AdminHandler[] {
  return [
    {
      path: "/logging",
      access: "both",
      help: "query/change logging levels",
      params: [
        { name: "paths", help: "Change several: <name>:<level>,<name>:<level>", kind: "text" },
        { name: "level", help: "Change all", kind: ["", ...LOG_LEVELS] },
      ],
      handle: (request) => logging(view, request),
    },
    {
      path: "/reopen_logs",
      access: "change",
      help: "reopen access logs",
      deadlineMs: 10_000,
      async handle() {
        await control.reopenLogs();
        return OK;
      },
    },
  ];
}

function logging(view: LoggingView, request: AdminRequest): AdminResponse {
  const changes = [...request.params].filter(([, value]) => value !== "");
  if (changes.length === 0) return textResponse(200, levelList(view));
  if (request.method !== "POST") {
    return textResponse(405, `Method ${request.method} not allowed, POST required.\n`);
  }
  const problem = change(view, changes);
  if (problem === undefined) return textResponse(200, levelList(view));
  return textResponse(400, `error: ${problem}\n\n${USAGE}${levelList(view)}`);
}

/** Makes the change, or says what is wrong with it and changes nothing. */
function change(view: LoggingView, changes: readonly (readonly [string, string])[]): string | undefined {
  const [key, value] = changes[0]!;
  if (changes.length > 1) return "invalid number of parameters";
  if (key === "level") {
    const level = parseLevel(value);
    if (level === undefined) return "unknown logger level";
    view.setAll(level);
    return undefined;
  }
  const wanted = new Map<string, LogLevel>();
  const pairs = key === "paths" ? value.split(",").filter((pair) => pair.trim() !== "") : [`${key}:${value}`];
  for (const pair of pairs) {
    const colon = pair.indexOf(":");
    const name = pair.slice(0, Math.max(colon, 0)).trim();
    const level = pair.slice(colon + 1).trim();
    if (name === "" || level === "") return "empty logger name or empty logger level";
    const parsed = parseLevel(level);
    if (parsed === undefined) return "unknown logger level";
    wanted.set(name, parsed);
  }
  return view.set(wanted) ? undefined : "unknown logger name";
}

/** Envoy takes `warn` for `warning` too. */
function parseLevel(text: string): LogLevel | undefined {
  return text === "warn" ? "warning" : LOG_LEVELS.find((level) => level === text);
}

function levelList(view: LoggingView): string {
  const lines = view.levels().map(({ name, level }) => `  ${name}: ${level}\n`);
  return `active loggers:\n${lines.join("")}\n`;
}
