import type { AdminRequest, AdminResponse } from "../admin-handler.ts";
import { textResponse } from "../admin-handler.ts";

/** The actor's id in a path such as `/actors/<id>/messages`, whose last part is `suffix` (`""` for none). */
export function actorIdOf({ path }: AdminRequest, suffix: string): string {
  const text = path.slice("/actors/".length, path.length - suffix.length);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The answer to a question about an actor that does not exist. */
export function noSuchActor(id: string): AdminResponse {
  return textResponse(404, `no such actor: ${id}\n`);
}
