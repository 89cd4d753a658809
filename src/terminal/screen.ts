import type { Terminal } from "./command.ts";

const ESC = "\u001b[";

/** The whole screen of a terminal, drawn anew each time. What was there before comes back when it is left. */
export class Screen {
  readonly #terminal: Terminal;
  #entered = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Takes the screen: the other buffer, without cursor. */
  enter(): void {
    this.#entered = true;
    this.#terminal.write(`${ESC}?1049h${ESC}?25l${ESC}2J`);
  }

  /** Shows these lines, cut to the size of the terminal; colours may be in them. */
  draw(lines: readonly string[]): void {
    const { columns, rows } = this.#terminal.size();
    const shown = lines.slice(0, rows).map((line) => `${cutTo(line, columns)}${ESC}K`);
    this.#terminal.write(`${ESC}H${shown.join("\r\n")}${ESC}J`);
  }

  /** Gives the screen back. Does nothing if it was not taken. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#terminal.write(`${ESC}?25h${ESC}?1049l`);
  }
}

/** The first `columns` characters of a line that may hold colours; those end where it is cut. */
export function cutTo(line: string, columns: number): string {
  let shown = 0;
  let at = 0;
  while (at < line.length) {
    const colours = /^\u001b\[[\d;]*m/.exec(line.slice(at, at + 12));
    if (colours !== null) {
      at += colours[0].length;
      continue;
    }
    if (shown === columns) return `${line.slice(0, at)}${line.includes("\u001b") ? `${ESC}0m` : ""}`;
    shown++;
    at++;
  }
  return line;
}
