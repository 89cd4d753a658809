import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
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
  /** Seconds since the epoch, one for each value. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
}

const HEIGHT = 160;

/** A chart of values over time, with what it shows last as text for those who can't see it. */
export function Chart({ title, times, lines, format }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const names = lines.map(({ label }) => label).join("\n");
  // biome rejects nothing here: the plot is made anew only when its lines are others.
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(options(element, lines, format), dataOf(times, lines), element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines]);
  const legend = lines.map(({ label, colour, values }) => {
    const last = values.at(-1);
    return html`<li key=${label}><span class=${`swatch line-${colour}`}></span>${label}
      <b>${last === undefined || last === null ? "–" : format(last)}</b></li>`;
  });
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <div class="plot" ref=${place} aria-hidden="true"></div>
    <ul class="legend">${legend}</ul>
  </figure>` as VNode;
}

function options(element: HTMLElement, lines: readonly ChartLine[], format: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [axis, { ...axis, size: 62, values: (_plot, ticks) => ticks.map((tick) => format(tick)) }],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(`--line-${line.colour}`),
        width: 1.5,
        points: { show: false },
      })),
    ],
  };
}

function dataOf(times: readonly number[], lines: readonly ChartLine[]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}
