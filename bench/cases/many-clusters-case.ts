import type { BenchCase } from "../bench-case.ts";
export const MANY_CLUSTERS_CASES: readonly BenchCase[] = [];
