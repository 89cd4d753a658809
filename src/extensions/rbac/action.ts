import { extensionConfig } from "../../config/extension-config.ts";
import { supportAll } from "../../config/field-support.ts";
import { ActionSchema, RBAC_Action } from "../../proto/gen/envoy/config/rbac/v3/rbac_pb.js";
import type { RbacActionData } from "./rbac-data.ts";

/** Envoy's actions by their numbers. */
export const RBAC_ACTIONS: Readonly<Record<RBAC_Action, RbacActionData["action"]>> = {
  [RBAC_Action.ALLOW]: "allow",
  [RBAC_Action.DENY]: "deny",
  [RBAC_Action.LOG]: "log",
};

/** The end of a branch in a match tree of RBAC. */
export const rbacActionConfig = extensionConfig({
  name: "envoy.filters.rbac.action",
  categories: ["envoy.matching.action"],
  schema: ActionSchema,
  support: [supportAll(ActionSchema)],
  compile: ({ name, action }): RbacActionData => ({ name, action: RBAC_ACTIONS[action] }),
});
