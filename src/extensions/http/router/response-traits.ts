import type { ResponseTraits } from "../../../upstream/response-stats.ts";

/** The four kinds of response that are counted apart; shared, so that counting allocates nothing. */
const TRAITS: readonly ResponseTraits[] = [
  { internal: false, canary: false },
  { internal: true, canary: false },
  { internal: false, canary: true },
  { internal: true, canary: true },
];

/** The traits of a response. Allocates nothing. */
export function responseTraits(internal: boolean, canary: boolean): ResponseTraits {
  return TRAITS[(internal ? 1 : 0) + (canary ? 2 : 0)]!;
}
