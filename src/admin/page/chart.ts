import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { timeOfDay } from "./format.ts";
import { html } from "./html.ts";

/** One line of a chart. */
export interface ChartLine {
  readonly label: string;
  /** One of the colours of page.css: `--line-1` to `--line-6`. */
  readonly colour: number;
  readonly values: readonly (number | null)[];
}

/** What a chart shows. */
export interface ChartProps {
  readonly title: string;
  /** What is counted, in a few words. */
  readonly about: string;
  /** Seconds since the epoch, one for each value. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  /** Steps that the axis of values may have. Default: 1, 2, 5, 10 and so on. */
  readonly steps?: readonly number[];
}

const HEIGHT = 150;
/** So much time is shown at least, so that the first seconds don't look like a long story. */
const MIN_SPAN_S = 60;
/** What is pointed at in one chart is shown in all. */
const CURSOR = "overview";
const DARK = "(prefers-color-scheme: dark)";

/** A chart of values over time, with what it shows last, or where it is pointed at, as text. */
export function Chart({ title, about, times, lines, format, steps }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const names = lines.map(({ label }) => label).join("\n");
  const scheme = useScheme();
  const [pointed, setPointed] = useState<number | null>(null);
  // The plot is made anew only when its lines or the colours are others.
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(options(element, lines, format, steps, setPointed), dataOf(times, lines), element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names, scheme]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines]);
  const at = pointed !== null && pointed < times.length ? pointed : times.length - 1;
  const legend = lines.map(({ label, colour, values }) => {
    const value = values[at];
    return html`<li key=${label}><span class=${`swatch line-${colour}`}></span>${label}${" "}<b>${value === undefined || value === null ? "–" : format(value)}</b></li>`;
  });
  return html`<figure class="chart">
    <figcaption><span>${title} <span class="note">${about}</span></span>${pointed !== null && times[at] !== undefined && html`<time class="note">${secondOfDay(times[at])}</time>`}</figcaption>
    <div class="plot" ref=${place} aria-hidden="true"></div>
    <ul class="legend">${legend}</ul>
  </figure>` as VNode;
}

/** Whether the system is dark; draws the component anew when that changes. */
function useScheme(): boolean {
  const [dark, setDark] = useState(() => matchMedia(DARK).matches);
  useEffect(() => {
    const query = matchMedia(DARK);
    const onChange = (): void => setDark(query.matches);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  return dark;
}

function options(
  element: HTMLElement,
  lines: readonly ChartLine[],
  format: (value: number) => string,
  steps: readonly number[] | undefined,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--rule"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  const values = { size: 64, space: 34, values: (_plot: uPlot, ticks: number[]) => ticks.map(format) };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 }, sync: { key: CURSOR } },
    hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? null)] },
    scales: {
      x: { range: (_plot, from, to) => [Math.min(from, to - MIN_SPAN_S), to] },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: [
      { ...axis, size: 34, gap: 9, space: 70, values: (_plot, ticks) => ticks.map(secondOfDay) },
      { ...axis, ...values, ...(steps !== undefined && { incrs: [...steps] }) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(`--line-${line.colour}`),
        width: 1.75,
        points: { show: false },
        // One line alone has room for its area.
        ...(lines.length === 1 && { fill: `${colour(`--line-${line.colour}`)}22` }),
      })),
    ],
  };
}

/** `11:40:05`, where the reader is. */
function secondOfDay(atSeconds: number): string {
  return timeOfDay(atSeconds * 1000).slice(0, 8);
}

function dataOf(times: readonly number[], lines: readonly ChartLine[]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}
