import htm from "htm";
import { h } from "preact";

// The types of htm are those of a CommonJS module; what browsers load is an ES module.
/** Makes elements from a template. Whatever is put into it is text, never markup. */
export const html = (htm as unknown as typeof htm.default).bind(h);
