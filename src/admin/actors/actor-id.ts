import type { AdminRequest, AdminResponse } from "../admin-handler.ts";
import { textResponse } from "../admin-handler.ts";

/**
 * The actor's id in a path such as `/actors/<id>/messages`, whose last part is `suffix` (`""` for none). Workers may be named by their name
 * alone: `worker-1` is `supervisor/worker-1`.
 */
export function actorIdOf({ path }: AdminRequest, suffix: string): string {
  const text = path.slice("/actors/".length, path.length - suffix.length);
  try {
    const id = decodeURIComponent(text);
    return /^worker-\d+$/.test(id) ? `supervisor/${id}` : id;
  } catch {
    return text;
  }
}

/** The answer to a question about an actor that does not exist. */
export function noSuchActor(id: string): AdminResponse {
  return textResponse(404, `no such actor: ${id}; /actors lists them (troupe actors)\n`);
}
