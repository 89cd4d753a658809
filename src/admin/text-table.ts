import { printable } from "./printable.ts";

/**
 * Lays out rows as columns that line up, two spaces apart. The first row is the heading. Control characters, which
 * could come from names in a configuration, are shown as `?`.
 */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  const clean = rows.map((row) => row.map(printable));
  for (const row of clean) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return clean
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** A duration for people: `850 ms`, `12.3 s`, `5 min`, `3 h`. */
export function humanDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** A point in time for people, in UTC. */
export function humanTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
