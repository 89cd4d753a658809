import type { RbacData, RbacTreeData } from "../../rbac/rbac-data.ts";
import { createRbacEngine, type RbacEngine } from "../../rbac/rbac-engine.ts";

/** Envoy's HTTP filter `RBAC` as plain data: of the filter or of a route. */
export interface RbacFilterData {
  readonly rulesStatPrefix: string;
  readonly shadowRulesStatPrefix: string;
  /** Count for each policy what it decides. */
  readonly countsPolicies: boolean;
  /** Null: everything is allowed and nothing counted. */
  readonly rules: RbacData | RbacTreeData | null;
  /** Only counted and noted. */
  readonly shadowRules: RbacData | RbacTreeData | null;
}

/** The engines of a filter or a route on a worker. */
export interface RbacEngines {
  readonly data: RbacFilterData;
  readonly engine: RbacEngine | null;
  readonly shadowEngine: RbacEngine | null;
}

/** Makes the engines; `data` is checked already. */
export function createRbacEngines(data: RbacFilterData): RbacEngines {
  return {
    data,
    engine: data.rules === null ? null : createRbacEngine(data.rules),
    shadowEngine: data.shadowRules === null ? null : createRbacEngine(data.shadowRules),
  };
}
