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
  readonly width: number;
  readonly height: number;
  readonly spots: ReadonlyMap<string, Spot>;
  /** SVG path data of each edge. */
  readonly lines: readonly { readonly from: string; readonly to: string; readonly path: string }[];
}

/** More room than this between columns helps nobody. */
const MAX_GAP = 150;

/**
 * Gives each kind a column of its own and each part a place in it, in the order of the model. Columns stand further apart where `width` has the
 * room.
 */
export function layOut(model: TrafficModel, width = 0): TrafficLayout {
  const room = Math.floor((width - COLUMNS.length * NODE.width) / (COLUMNS.length - 1));
  const gap = Math.min(Math.max(room, NODE.gapX), MAX_GAP);
  const spots = new Map<string, Spot>();
  let rows = 1;
  for (const [column, kind] of COLUMNS.entries()) {
    const nodes = model.nodes.filter((node) => node.kind === kind);
    rows = Math.max(rows, nodes.length);
    for (const [row, { id }] of nodes.entries()) {
      spots.set(id, { x: column * (NODE.width + gap), y: row * (NODE.height + NODE.gapY) });
    }
  }
  const lines = model.edges.flatMap(({ from, to }) => {
    const a = spots.get(from);
    const b = spots.get(to);
    return a === undefined || b === undefined ? [] : [{ from, to, path: curve(a, b, gap) }];
  });
  return {
    width: COLUMNS.length * NODE.width + (COLUMNS.length - 1) * gap,
    height: rows * (NODE.height + NODE.gapY),
    spots,
    lines,
  };
}

function curve(from: Spot, to: Spot, gap: number): string {
  const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
  const [x2, y2] = [to.x, to.y + NODE.height / 2];
  // A chain that leads to a cluster leaps over the column of routes.
  const bend = Math.min((x2 - x1) / 2, gap);
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
