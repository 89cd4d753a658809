import type { RbacData } from "../../rbac/rbac-data.ts";

/** Envoy's network filter `RBAC` as plain data. */
export interface RbacFilterData {
  readonly statPrefix: string;
  readonly shadowRulesStatPrefix: string;
  /** Null: everything is allowed and nothing counted. */
  readonly rules: RbacData | null;
  /** Only counted and noted. */
  readonly shadowRules: RbacData | null;
  /** Whether each piece of data is decided anew, and not only the first. */
  readonly continuous: boolean;
}
