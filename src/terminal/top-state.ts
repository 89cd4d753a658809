/** What can be looked at in `troupe top`. */
export const TOP_VIEWS = ["workers", "actors", "clusters", "events"] as const;
export type TopView = (typeof TOP_VIEWS)[number];

/** By what each list can be sorted; the first is the default. */
export const SORT_KEYS: Readonly<Record<TopView, readonly string[]>> = {
  workers: ["name", "cpu", "loop", "delay", "connections", "heap"],
  actors: ["tree", "mailbox", "busy", "wait", "handled", "restarts"],
  clusters: ["rate", "errors", "active", "name"],
  events: ["time"],
};

/** What the keys have chosen. */
export interface TopState {
  readonly view: TopView;
  readonly sort: Readonly<Record<TopView, string>>;
  /** The chosen row of the present list. */
  readonly row: number;
  /** A name that was drilled down to; `""` for the list. */
  readonly chosen: string;
  readonly help: boolean;
  readonly quit: boolean;
}

/** What is chosen before any key is pressed. */
export const FIRST_STATE: TopState = {
  view: "workers",
  sort: { workers: "name", actors: "tree", clusters: "rate", events: "time" },
  row: 0,
  chosen: "",
  help: false,
  quit: false,
};

/** What a key does, given the names in the list that is shown. Unknown keys do nothing. */
export function afterKey(state: TopState, key: string, names: readonly string[]): TopState {
  const last = Math.max(names.length - 1, 0);
  switch (key) {
    case "q":
    case "\u0003":
      return { ...state, quit: true };
    case "?":
    case "h":
      return { ...state, help: !state.help };
    case "\t":
      return show(state, TOP_VIEWS[(TOP_VIEWS.indexOf(state.view) + 1) % TOP_VIEWS.length]!);
    case "s": {
      const keys = SORT_KEYS[state.view];
      const next = keys[(keys.indexOf(state.sort[state.view]) + 1) % keys.length]!;
      return { ...state, sort: { ...state.sort, [state.view]: next } };
    }
    case "j":
    case "\u001b[B":
      return { ...state, row: Math.min(state.row + 1, last) };
    case "k":
    case "\u001b[A":
      return { ...state, row: Math.max(Math.min(state.row, last) - 1, 0) };
    case "\r":
      return state.chosen === "" ? { ...state, chosen: names[Math.min(state.row, last)] ?? "" } : state;
    case "\u001b":
    case "\u007f":
      return { ...state, chosen: "", help: false };
    default: {
      const view = TOP_VIEWS[Number(key) - 1];
      return view === undefined ? state : show(state, view);
    }
  }
}

function show(state: TopState, view: TopView): TopState {
  return { ...state, view, row: 0, chosen: "", help: false };
}
