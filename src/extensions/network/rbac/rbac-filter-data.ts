import type { RbacData, RbacTreeData } from "../../rbac/rbac-data.ts";

/** Envoy's network filter `RBAC` as plain data. */
export interface RbacFilterData {
  readonly statPrefix: string;
  readonly shadowRulesStatPrefix: string;
  /** Null: everything is allowed and nothing counted. */
  readonly rules: RbacData | RbacTreeData | null;
  /** Only counted and noted. */
  readonly shadowRules: RbacData | RbacTreeData | null;
  /** Whether each piece of data is decided anew, and not only the first. */
  readonly continuous: boolean;
}
