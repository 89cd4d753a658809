import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import { type CidrData, cidrProblem } from "../../match/ip-prefix-table.ts";
import type { CidrRange } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import {
  type FilterChainMatch,
  FilterChainMatch_ConnectionSourceType as SourceTypeCode,
} from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.js";
import type { FilterChainMatchData, SourceType } from "../filter-chain/filter-chain-match.ts";

/** How many combinations of its conditions a chain may have: each is a place in the table. */
const MAX_COMBINATIONS = 100_000;

/**
 * Compiles the conditions of a filter chain; null if there are none. Differs from Envoy: server names are compared in lower case,
 * where Envoy never matches one that is configured with capitals.
 */
export function compileFilterChainMatch(
  match: FilterChainMatch | undefined,
  place: Place,
  context: CompileContext,
): FilterChainMatchData | null {
  if (match === undefined) return null;
  const data: FilterChainMatchData = {
    destinationPort: match.destinationPort ?? null,
    destinationRanges: compileRanges(match.prefixRanges, place.field("prefix_ranges"), context),
    serverNames: compileServerNames(match.serverNames, place.field("server_names"), context),
    transportProtocol: match.transportProtocol,
    applicationProtocols: [...new Set(match.applicationProtocols)],
    directSourceRanges: compileRanges(
      match.directSourcePrefixRanges,
      place.field("direct_source_prefix_ranges"),
      context,
    ),
    sourceType: sourceType(match.sourceType),
    sourceRanges: compileRanges(match.sourcePrefixRanges, place.field("source_prefix_ranges"), context),
    sourcePorts: [...new Set(match.sourcePorts)],
  };
  const lists = Object.values(data).filter((value) => Array.isArray(value));
  const combinations = lists.reduce((product, list) => product * Math.max(1, list.length), 1);
  if (combinations > MAX_COMBINATIONS) {
    const message = `the lists have ${combinations} combinations, more than ${MAX_COMBINATIONS}`;
    context.error(place, message, "split the chain, or use wider ranges");
    return null;
  }
  const isEmpty =
    lists.every((list) => list.length === 0) &&
    data.destinationPort === null &&
    data.transportProtocol === "" &&
    data.sourceType === null;
  return isEmpty ? null : data;
}

function compileRanges(ranges: readonly CidrRange[], place: Place, context: CompileContext): CidrData[] {
  const compiled: CidrData[] = [];
  for (const [index, range] of ranges.entries()) {
    const cidr = { address: range.addressPrefix, prefixLength: range.prefixLen ?? 0 };
    const problem = cidrProblem(cidr);
    if (problem === null) compiled.push(cidr);
    else context.error(place.index(index), problem, "address_prefix: 10.0.0.0, prefix_len: 8");
  }
  return compiled;
}

function compileServerNames(names: readonly string[], place: Place, context: CompileContext): string[] {
  const compiled = new Set<string>();
  for (const [index, name] of names.entries()) {
    const rest = name.startsWith("*.") ? name.slice(1) : name;
    if (rest.includes("*")) {
      const message = `${JSON.stringify(name)} has a wildcard that is not a whole first label`;
      context.error(place.index(index), message, "*.example.com; for any name leave server_names out");
    } else {
      compiled.add(rest.toLowerCase());
    }
  }
  return [...compiled];
}

function sourceType(code: SourceTypeCode): SourceType | null {
  if (code === SourceTypeCode.SAME_IP_OR_LOOPBACK) return "sameIpOrLoopback";
  return code === SourceTypeCode.EXTERNAL ? "external" : null;
}
