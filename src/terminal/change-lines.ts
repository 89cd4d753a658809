import { printable } from "../admin/printable.ts";
import { type Colour, colour } from "./colour.ts";

/** A resource that a configuration touches. */
export interface Change {
  readonly kind: string;
  readonly name: string;
  readonly change: string;
}

const SIGNS: Readonly<Record<string, readonly [sign: string, colour: Colour]>> = {
  added: ["+", "green"],
  changed: ["~", "yellow"],
  removed: ["-", "red"],
};

/** Changes as in a diff: `+ cluster a`, `~ routeTable b`, `- listener c`. */
export function changeLines(changes: readonly Change[], hasColours: boolean): string {
  return changes
    .map(({ kind, name, change }) => {
      const [sign, tint] = SIGNS[change] ?? ["?", "dim"];
      return `${colour(`${sign} ${kind} ${printable(name)}`, tint, hasColours)}\n`;
    })
    .join("");
}
