import { styleText } from "node:util";

/** How a text stands out. */
export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "inverse";

/** Colours a text if the terminal has colours. */
export function colour(text: string, name: Colour, hasColours: boolean): string {
  return hasColours ? styleText(name, text, { validateStream: false }) : text;
}
