import type { BenchColumn, BenchRound } from "./bench-case.ts";
import { median } from "./median.ts";

/** A result as rows of text: a head, then one row for each peer. */
export type TableRows = readonly (readonly string[])[];

/** Makes the table of a case: medians, and ratios to nginx, or to HAProxy where nginx did not take part. */
export function resultTable(
  columns: readonly BenchColumn[],
  rounds: readonly BenchRound[],
  wanted?: string,
): TableRows {
  const peers = [...new Set(rounds.map((round) => round.peer))];
  const base = [wanted, ...BASES].find((peer) => peer !== undefined && peers.includes(peer));
  const head = columns.flatMap((column) => [
    column.title,
    ...(base !== undefined && column.ratio === true ? [`× ${base}`] : []),
  ]);
  const rows = peers
    .toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
    .map((peer) => [
      peer,
      ...columns.flatMap((column) => {
        const value = medianOf(rounds, peer, column.key);
        const text = formatNumber(value, column.digits ?? 0);
        if (base === undefined || column.ratio !== true) return [text];
        return [text, formatNumber(value / medianOf(rounds, base, column.key), 2)];
      }),
    ]);
  return [["", ...head], ...rows];
}

/** Aligned columns for a terminal. */
export function tableText(rows: TableRows): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ");
  return rows.map(line).join("\n");
}

/** A Markdown table. */
export function tableMarkdown(rows: TableRows): string {
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(head.map((_, at) => (at === 0 ? "---" : "---:"))), ...body.map(line)].join("\n");
}

/** What ratios are to, the first that took part. */
const BASES = ["nginx", "haproxy"];
const ORDER = ["troupe", "nginx", "haproxy", "nghttpx", "http-proxy", "fastify", "bare pipe"];

function medianOf(rounds: readonly BenchRound[], peer: string, key: string): number {
  const values = rounds.filter((round) => round.peer === peer).map((round) => round.numbers[key] ?? Number.NaN);
  return median(values.filter((value) => !Number.isNaN(value)));
}

function formatNumber(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
