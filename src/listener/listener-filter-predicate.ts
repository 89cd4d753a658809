/**
 * Which connections a listener filter leaves alone, Envoy's `ListenerFilterChainMatchPredicate`. Plain data. `ports`: the destination port is in
 * the range, whose end is not part of it.
 */
export type ListenerFilterPredicate =
  | { readonly type: "any" }
  | { readonly type: "ports"; readonly start: number; readonly end: number }
  | { readonly type: "not"; readonly rule: ListenerFilterPredicate }
  | { readonly type: "and" | "or"; readonly rules: readonly ListenerFilterPredicate[] };

/** Whether the predicate holds for a connection to this port, as it is known when the filter's turn comes. */
export function predicateHolds(predicate: ListenerFilterPredicate, destinationPort: number): boolean {
  switch (predicate.type) {
    case "any":
      return true;
    case "ports":
      return destinationPort >= predicate.start && destinationPort < predicate.end;
    case "not":
      return !predicateHolds(predicate.rule, destinationPort);
    case "and":
      return predicate.rules.every((rule) => predicateHolds(rule, destinationPort));
    case "or":
      return predicate.rules.some((rule) => predicateHolds(rule, destinationPort));
  }
}
