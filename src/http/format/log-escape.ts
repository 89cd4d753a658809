import { wireText } from "../../match/wire-text.ts";

/** What must not stand in a line of a log or in a header, or is no byte. */
const UNSAFE = /[\x00-\x1f\x7f\u0100-\uffff]/;
const BEYOND_BYTES = /[\u0100-\uffff]/;
const CONTROLS = /[\x00-\x1f\x7f]/g;

/**
 * A value from outside as it may stand in a log line: control characters (line ends, tabs and NUL among them) become
 * `\xNN`. The result is wire text. Differs from Envoy: there a value goes into the line as it is.
 */
export function escapeForLog(value: string): string {
  return UNSAFE.test(value) ? asBytes(value).replace(CONTROLS, hexEscape) : value;
}

function hexEscape(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/**
 * A value from outside as it may stand in a header: CR, LF, NUL and other control characters are left out. The result
 * is wire text.
 */
export function stripForHeader(value: string): string {
  return UNSAFE.test(value) ? asBytes(value).replace(CONTROLS, "") : value;
}

// Cut to its low byte, a character beyond the bytes could become a line end.
function asBytes(value: string): string {
  return BEYOND_BYTES.test(value) ? wireText(value) : value;
}
