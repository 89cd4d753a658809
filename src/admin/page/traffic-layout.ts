import { COLUMNS, type TrafficModel } from "./traffic-model.ts";

/** Sizes in CSS pixels. */
export const NODE = { width: 190, height: 58, gapX: 66, gapY: 12 } as const;

/** Where a part of the picture stands. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** The picture laid out. */
export interface TrafficLayout {
  readonly nodeWidth: number;
  readonly width: number;
  readonly height: number;
  readonly spots: ReadonlyMap<string, Spot>;
  /** SVG path data of each edge. */
  readonly lines: readonly { readonly from: string; readonly to: string; readonly path: string }[];
}

/** More room than this between columns helps nobody. */
const MAX_GAP = 150;
/** Narrower than this the picture is moved sideways instead. */
const MIN_NODE = 140;
const MIN_GAP = 28;

/** How wide parts are, and how far apart, so that all columns are in sight if there is any way to do it. */
function columnsFor(width: number): { readonly nodeWidth: number; readonly gap: number } {
  const count = COLUMNS.length;
  if (width < count * MIN_NODE + (count - 1) * MIN_GAP) return { nodeWidth: NODE.width, gap: NODE.gapX };
  const share = Math.floor((width - (count - 1) * NODE.gapX) / count);
  const nodeWidth = Math.min(Math.max(share, MIN_NODE), NODE.width);
  const gap = Math.min(Math.floor((width - count * nodeWidth) / (count - 1)), MAX_GAP);
  return { nodeWidth, gap };
}

/**
 * Gives each kind a column of its own and each part a place in it, in the order of the model, as wide as `width` allows.
 */
export function layOut(model: TrafficModel, width = 0): TrafficLayout {
  const { nodeWidth, gap } = columnsFor(width);
  const spots = new Map<string, Spot>();
  let rows = 1;
  for (const [column, kind] of COLUMNS.entries()) {
    const nodes = model.nodes.filter((node) => node.kind === kind);
    rows = Math.max(rows, nodes.length);
    for (const [row, { id }] of nodes.entries()) {
      spots.set(id, { x: column * (nodeWidth + gap), y: row * (NODE.height + NODE.gapY) });
    }
  }
  const lines = model.edges.flatMap(({ from, to }) => {
    const a = spots.get(from);
    const b = spots.get(to);
    return a === undefined || b === undefined ? [] : [{ from, to, path: curve(a, b, nodeWidth, gap) }];
  });
  return {
    nodeWidth,
    width: COLUMNS.length * nodeWidth + (COLUMNS.length - 1) * gap,
    height: rows * (NODE.height + NODE.gapY),
    spots,
    lines,
  };
}

function curve(from: Spot, to: Spot, nodeWidth: number, gap: number): string {
  const [x1, y1] = [from.x + nodeWidth, from.y + NODE.height / 2];
  const [x2, y2] = [to.x, to.y + NODE.height / 2];
  // A chain that leads to a cluster leaps over the column of routes.
  const bend = Math.min((x2 - x1) / 2, gap);
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
