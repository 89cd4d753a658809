import type { Question } from "../../src/actor/actor-ref.ts";
import type { Address } from "../../src/net/address.ts";

/** Asks where the admin interface listens. Replied to when it listens or has found that it can't. */
export interface GetAdminAddress extends Question<AdminAddress> {
  readonly type: "getAdminAddress";
}

/** With the real port where the configuration says 0; or why it does not listen, in one line. */
export type AdminAddress =
  | { readonly type: "listening"; readonly address: Address }
  | { readonly type: "notListening"; readonly reason: string };

/** Opens the access logs anew, after somebody renamed the files. */
export interface ReopenAdminLogs {
  readonly type: "reopenAdminLogs";
}

/** All that the admin actor understands. */
export type AdminMessage = GetAdminAddress | ReopenAdminLogs;
