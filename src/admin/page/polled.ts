import { useEffect, useState } from "preact/hooks";
import { ApiError, getJson } from "./api.ts";

/** What a GET answered last. */
export interface Polled<T> {
  readonly value: T | undefined;
  /** Why the last try failed; `value` is then what was known before. */
  readonly problem: string;
}

/** Between tries of what is asked for once. */
const RETRY_MS = 2000;

/**
 * Asks for a JSON document until there is an answer and, if `everyMs` is not 0, again and again while the page can be seen. `path` empty: not at all. When the
 * path becomes another, nothing is known until that one is answered; with `keepsOld` what the path before answered stays until then, for
 * lists that are only narrowed or sorted.
 */
export function usePolled<T>(
  path: string,
  everyMs: number,
  keepsOld = false,
): Polled<T> & { readonly again: () => void } {
  const [state, setState] = useState<Polled<T> & { readonly path: string }>({ path, value: undefined, problem: "" });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === "") return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      let againMs = everyMs;
      if (!document.hidden) {
        try {
          const value = await getJson<T>(path, stop.signal);
          if (!stop.signal.aborted) setState({ path, value, problem: "" });
        } catch (error) {
          if (stop.signal.aborted) return;
          // A proxy that is gone, or has too much to do at the moment, may answer later.
          if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500) againMs ||= RETRY_MS;
          const problem = error instanceof Error ? error.message : String(error);
          setState((before) => ({ path, value: before.path === path || keepsOld ? before.value : undefined, problem }));
        }
      }
      if (document.hidden) againMs ||= RETRY_MS;
      if (againMs > 0 && !stop.signal.aborted) timer = setTimeout(() => void ask(), againMs);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, round]);
  const current = state.path === path || keepsOld ? state : { value: undefined, problem: "" };
  return { value: current.value, problem: current.problem, again: () => setRound((count) => count + 1) };
}
