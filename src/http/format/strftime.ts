/** Writes one moment in one layout. */
export type TimeFormat = (epochMs: number) => string;

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAY_MS = 86_400_000;

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

function hour12(date: Date): number {
  return date.getUTCHours() % 12 === 0 ? 12 : date.getUTCHours() % 12;
}

/** What each conversion character writes. */
const CONVERSIONS = new Map<string, (date: Date) => string>([
  ["Y", (d) => String(d.getUTCFullYear())],
  ["y", (d) => pad(d.getUTCFullYear() % 100, 2)],
  ["C", (d) => pad(Math.floor(d.getUTCFullYear() / 100), 2)],
  ["m", (d) => pad(d.getUTCMonth() + 1, 2)],
  ["d", (d) => pad(d.getUTCDate(), 2)],
  ["e", (d) => String(d.getUTCDate()).padStart(2, " ")],
  ["j", (d) => pad(dayOfYear(d), 3)],
  ["H", (d) => pad(d.getUTCHours(), 2)],
  ["I", (d) => pad(hour12(d), 2)],
  ["M", (d) => pad(d.getUTCMinutes(), 2)],
  ["S", (d) => pad(d.getUTCSeconds(), 2)],
  ["p", (d) => (d.getUTCHours() < 12 ? "AM" : "PM")],
  ["s", (d) => String(Math.floor(d.getTime() / 1000))],
  ["a", (d) => DAYS[d.getUTCDay()]!.slice(0, 3)],
  ["A", (d) => DAYS[d.getUTCDay()]!],
  ["b", (d) => MONTHS[d.getUTCMonth()]!.slice(0, 3)],
  ["h", (d) => MONTHS[d.getUTCMonth()]!.slice(0, 3)],
  ["B", (d) => MONTHS[d.getUTCMonth()]!],
  ["u", (d) => String(d.getUTCDay() === 0 ? 7 : d.getUTCDay())],
  ["w", (d) => String(d.getUTCDay())],
  ["z", () => "+0000"],
  ["Z", () => "UTC"],
  ["%", () => "%"],
  ["t", () => "\t"],
]);

/** What differs for times that `compileTimeFormat` has shifted to local ones. */
const LOCAL_CONVERSIONS = new Map<string, (date: Date) => string>([
  ["s", (d) => String(Math.floor(unshifted(d) / 1000))],
  ["z", (d) => zoneOffset(d)],
  ["Z", (d) => zoneOffset(d)],
]);

/** Of UTC from local time. */
function zoneOffsetMs(epochMs: number): number {
  return new Date(epochMs).getTimezoneOffset() * 60_000;
}

/** The moment that a shifted date stands for; within an hour of a change of the clocks it may be the other one of two. */
function unshifted(date: Date): number {
  return date.getTime() + zoneOffsetMs(date.getTime());
}

function zoneOffset(date: Date): string {
  const minutes = new Date(unshifted(date)).getTimezoneOffset();
  const absolute = Math.abs(minutes);
  return `${minutes > 0 ? "-" : "+"}${pad(Math.floor(absolute / 60), 2)}${pad(absolute % 60, 2)}`;
}

/** Conversions that stand for several others. */
const COMPOUND = new Map([
  ["F", "%Y-%m-%d"],
  ["T", "%H:%M:%S"],
  ["R", "%H:%M"],
  ["D", "%m/%d/%y"],
  ["r", "%I:%M:%S %p"],
  ["c", "%a %b %e %H:%M:%S %Y"],
  ["x", "%m/%d/%y"],
  ["X", "%H:%M:%S"],
]);

const CONVERSION = /%(E[1-9*]S|[1-9]?f|.|$)/gs;

/**
 * Compiles a strftime layout with Envoy's additions: `%f`, `%1f` … `%9f` are fractional seconds (the clock gives
 * milliseconds; the rest are zeros), `%s` seconds since the epoch, `%E3S` seconds with three digits behind the point.
 * In UTC, or with `local` in the time zone of the process. Answers a text saying what is wrong if it can't.
 */
export function compileTimeFormat(layout: string, local = false): TimeFormat | { readonly problem: string } {
  const parts: (string | ((date: Date) => string))[] = [];
  let literalFrom = 0;
  const expanded = layout.replace(/%([FTRDrcxX])/g, (_, name: string) => COMPOUND.get(name)!);
  for (const match of expanded.matchAll(CONVERSION)) {
    if (match.index > literalFrom) parts.push(expanded.slice(literalFrom, match.index));
    literalFrom = match.index + match[0].length;
    const conversion = (local ? LOCAL_CONVERSIONS.get(match[1]!) : undefined) ?? conversionFor(match[1]!);
    if (conversion === undefined) return { problem: `"${match[0]}" is no time conversion that is supported` };
    parts.push(conversion);
  }
  if (literalFrom < expanded.length) parts.push(expanded.slice(literalFrom));
  return (epochMs) => {
    // A local time is written as the moment at which UTC reads the same.
    const date = new Date(local ? epochMs - zoneOffsetMs(epochMs) : epochMs);
    let text = "";
    for (const part of parts) text += typeof part === "string" ? part : part(date);
    return text;
  };
}

function conversionFor(name: string): ((date: Date) => string) | undefined {
  const fraction = /^([1-9]?)f$/.exec(name);
  if (fraction !== null) return (date) => fractionOf(date, fraction[1] === "" ? 9 : Number(fraction[1]));
  const seconds = /^E([1-9*])S$/.exec(name);
  if (seconds !== null) {
    const digits = seconds[1] === "*" ? 3 : Number(seconds[1]);
    return (date) => `${pad(date.getUTCSeconds(), 2)}.${fractionOf(date, digits)}`;
  }
  return CONVERSIONS.get(name);
}

function fractionOf(date: Date, digits: number): string {
  return pad(date.getUTCMilliseconds(), 3).padEnd(9, "0").slice(0, digits);
}

/** `2016-04-15T20:17:00.310Z`, the way Envoy writes times unless told otherwise. Remembers the last second written. */
export function createIsoTimeFormat(): TimeFormat {
  let lastSecond = -1;
  let prefix = "";
  return (epochMs) => {
    const whole = Math.floor(epochMs);
    const second = Math.floor(whole / 1000);
    if (second !== lastSecond) {
      lastSecond = second;
      prefix = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${prefix}${pad(whole - second * 1000, 3)}Z`;
  };
}
