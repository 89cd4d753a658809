import { ResponseHeaderMap } from "../../src/http/header-map.ts";
import type { AsyncClient } from "../../src/upstream/async/async-client.ts";
import type { AsyncRequestCallbacks } from "../../src/upstream/async/async-request.ts";

/** Stands in for a worker's async client: every request is answered with this status, at once or when the present event is over. */
export function answeringClient(status: number, later: boolean): AsyncClient {
  return clientOf(later, (callbacks) =>
    callbacks.onResponse({ headers: new ResponseHeaderMap(status), body: Buffer.alloc(0), trailers: null }, null),
  );
}

/** Stands in for one whose requests all fail, a little later. */
export function failingClient(): AsyncClient {
  return clientOf(true, (callbacks) => callbacks.onFailure({ reason: "timeout", details: "request timeout" }, null));
}

function clientOf(later: boolean, answer: (callbacks: AsyncRequestCallbacks) => void): AsyncClient {
  const client = {
    send(_cluster: string, _request: unknown, callbacks: AsyncRequestCallbacks) {
      let cancelled = false;
      if (later) setImmediate(() => (cancelled ? undefined : answer(callbacks)));
      else answer(callbacks);
      const cancel = (): void => {
        cancelled = true;
      };
      return { cancel };
    },
  };
  return client as unknown as AsyncClient;
}
