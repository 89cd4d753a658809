import { TOKEN_LOWER } from "./characters.ts";
import { malformed } from "./codec-details.ts";

/** Where a chunk extension stands between two bytes. */
export const ExtensionState = {
  nameStart: 0,
  name: 1,
  valueStart: 2,
  tokenValue: 3,
  quotedValue: 4,
  quotedPair: 5,
  quotedEnd: 6,
} as const;
export type ExtensionState = (typeof ExtensionState)[keyof typeof ExtensionState];

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The state behind one byte of `;name[=value]` (RFC 9112 §7.1.1, without the white space that it asks not to send).
 * Extensions are checked so that nothing hides in them, and dropped. A CR is the caller's, if `mayEnd`. Throws `CodecError`.
 */
export function nextExtensionState(state: ExtensionState, byte: number): ExtensionState {
  switch (state) {
    case ExtensionState.nameStart:
      if (TOKEN_LOWER[byte] !== 0) return ExtensionState.name;
      break;
    case ExtensionState.name:
      if (TOKEN_LOWER[byte] !== 0) return state;
      if (byte === EQUALS) return ExtensionState.valueStart;
      if (byte === SEMICOLON) return ExtensionState.nameStart;
      break;
    case ExtensionState.valueStart:
      if (TOKEN_LOWER[byte] !== 0) return ExtensionState.tokenValue;
      if (byte === QUOTE) return ExtensionState.quotedValue;
      break;
    case ExtensionState.tokenValue:
      if (TOKEN_LOWER[byte] !== 0) return state;
      if (byte === SEMICOLON) return ExtensionState.nameStart;
      break;
    case ExtensionState.quotedValue:
      if (byte === QUOTE) return ExtensionState.quotedEnd;
      if (byte === BACKSLASH) return ExtensionState.quotedPair;
      if (isQuotable(byte)) return state;
      break;
    case ExtensionState.quotedPair:
      if (isQuotable(byte)) return ExtensionState.quotedValue;
      break;
    default:
      if (byte === SEMICOLON) return ExtensionState.nameStart;
  }
  throw malformed("a chunk extension is malformed");
}

/** Whether an extension may end here. */
export function mayEndExtension(state: ExtensionState): boolean {
  return state === ExtensionState.name || state === ExtensionState.tokenValue || state === ExtensionState.quotedEnd;
}

function isQuotable(byte: number): boolean {
  return byte === 0x09 || (byte >= 0x20 && byte !== 0x7f);
}
