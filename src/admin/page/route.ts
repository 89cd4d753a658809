import { useEffect, useState } from "preact/hooks";

/** Where the page is: a view, and what of it is chosen. It stands in the URL's fragment, so that it can be linked to. */
export interface Route {
  readonly view: string;
  /** Decoded; `""` if nothing is chosen. */
  readonly chosen: string;
}

/** `#/actors/supervisor%2Fworker-1` is the view `actors` with `supervisor/worker-1` chosen. */
export function parseRoute(fragment: string): Route {
  const [, view = "", chosen = ""] = /^#?\/?([a-z-]*)(?:\/(.*))?$/.exec(fragment) ?? [];
  return { view, chosen: decoded(chosen) };
}

/** The link to a view. */
export function linkTo(view: string, chosen = ""): string {
  return chosen === "" ? `#/${view}` : `#/${view}/${encodeURIComponent(chosen)}`;
}

/** The present route; draws the component anew when it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const onChange = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return route;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
