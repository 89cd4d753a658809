import type { LogLevel } from "./log.ts";

/** One entry of the application log. */
export interface LogEntry {
  readonly wallMs: number;
  readonly level: LogLevel;
  readonly thread: string;
  readonly component: string;
  readonly message: string;
  /** What else was logged, by name. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Turns an entry into a line, without its end. */
export type LogFormat = (entry: LogEntry) => string;

/** Envoy's default pattern, without the source position that Envoy's has. */
const TEXT_PATTERN = "[%Y-%m-%d %T.%e][%t][%l][%n] %v";
const COLOURS: Partial<Record<LogLevel, string>> = {
  trace: "\x1b[90m",
  debug: "\x1b[36m",
  info: "\x1b[32m",
  warning: "\x1b[33m",
  error: "\x1b[31m",
  critical: "\x1b[41m",
};

/**
 * The format called `json` or `text`, or the pattern given. Pattern letters are spdlog's, as in Envoy: `%Y %C %m %d %H %M %S %T %R
 * %e %f %F %E %z` (UTC), `%t` thread, `%P` process, `%l` and `%L` level, `%n` component, `%v` (also `%_`) message with its fields, `%j` the same
 * for inside a JSON string, `%%`. The position in the source (`%g %s %# %! %@`) is not known and empty. Others throw.
 */
export function createLogFormat(name: string, colours: boolean): LogFormat {
  if (name === "json") return formatJson;
  return createPattern(name === "text" || name === "" ? TEXT_PATTERN : name, colours);
}

function formatJson({ wallMs, level, thread, component, message, fields }: LogEntry): string {
  return JSON.stringify({ time: new Date(wallMs).toISOString(), level, thread, component, message, ...fields });
}

function createPattern(pattern: string, colours: boolean): LogFormat {
  const pieces: LogFormat[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char !== "%") {
      pieces.push(() => char);
      continue;
    }
    const letter = pattern[++i] ?? "";
    const piece = PIECES.get(letter);
    if (piece === undefined) {
      throw new Error(`unknown letter %${letter} in "${pattern}"; there are %${[...PIECES.keys()].join(" %")}`);
    }
    pieces.push(letter === "l" && colours ? (entry) => coloured(entry.level) : piece);
  }
  return (entry) => pieces.map((piece) => piece(entry)).join("");
}

function coloured(level: LogLevel): string {
  const colour = COLOURS[level];
  return colour === undefined ? level : `${colour}${level}\x1b[0m`;
}

const iso = (entry: LogEntry): string => new Date(entry.wallMs).toISOString();

const PIECES: ReadonlyMap<string, LogFormat> = new Map<string, LogFormat>([
  ["Y", (entry) => iso(entry).slice(0, 4)],
  ["m", (entry) => iso(entry).slice(5, 7)],
  ["d", (entry) => iso(entry).slice(8, 10)],
  ["H", (entry) => iso(entry).slice(11, 13)],
  ["M", (entry) => iso(entry).slice(14, 16)],
  ["S", (entry) => iso(entry).slice(17, 19)],
  ["T", (entry) => iso(entry).slice(11, 19)],
  ["C", (entry) => iso(entry).slice(2, 4)],
  ["R", (entry) => iso(entry).slice(11, 16)],
  ["e", (entry) => iso(entry).slice(20, 23)],
  ["f", (entry) => `${iso(entry).slice(20, 23)}000`],
  ["F", (entry) => `${iso(entry).slice(20, 23)}000000`],
  ["E", (entry) => String(Math.floor(entry.wallMs / 1000))],
  ["z", () => "+00:00"],
  ["P", () => String(process.pid)],
  ["t", (entry) => entry.thread],
  ["l", (entry) => entry.level],
  ["L", (entry) => entry.level[0]!.toUpperCase()],
  ["n", (entry) => entry.component],
  ["v", messageAndFields],
  ["_", messageAndFields],
  ["j", (entry) => JSON.stringify(messageAndFields(entry)).slice(1, -1)],
  ...["g", "s", "#", "!", "@"].map((letter): [string, LogFormat] => [letter, () => ""]),
  ["%", () => "%"],
]);

function messageAndFields({ message, fields }: LogEntry): string {
  return `${oneLine(message)}${formatFields(fields)}`;
}

function formatFields(fields: Readonly<Record<string, unknown>>): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    text += ` ${name}=${/[\s"=]/.test(shown ?? "") ? JSON.stringify(shown) : shown}`;
  }
  return text;
}

/** What came from outside must not begin a line of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/[\0-\x1f\x7f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
