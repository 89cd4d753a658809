/** Anything that is not ASCII. */
const NON_ASCII = /[^\x00-\x7f]/;
/** A character that is no byte. */
const BEYOND_BYTES = /[^\x00-\xff]/;

/**
 * Text of a configuration in the form in which the wire's text is held: one character per UTF-8 byte. Header values
 * are latin1 strings of whatever bytes came, so that a configured `é` must become two characters to equal a sent one.
 */
export function wireText(text: string): string {
  return NON_ASCII.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

/** The reverse of `wireText`: bytes that are no UTF-8 become U+FFFD. A text that can be no wire text is returned as it is. */
export function unicodeText(wire: string): string {
  return NON_ASCII.test(wire) && !BEYOND_BYTES.test(wire) ? Buffer.from(wire, "latin1").toString("utf8") : wire;
}
