import type { CompileContext } from "../config/compile-context.ts";
import type { Place } from "../config/place.ts";
import { asciiLowerCase } from "../match/string-matcher.ts";
import { wireText } from "../match/wire-text.ts";
import type { RouteConfiguration } from "../proto/gen/envoy/config/route/v3/route_pb.js";
import { compileHeaderName } from "./compile/header-name.ts";
import { compileRequestMirrors } from "./compile/request-mirrors.ts";
import { compileRouteLevel } from "./compile/route-level.ts";
import { compileVirtualHost } from "./compile/virtual-host.ts";
import type { RouteTableData } from "./route-table-data.ts";

const DEFAULT_MAX_DIRECT_RESPONSE_BODY_BYTES = 4096;

/**
 * Checks a route configuration and turns it into the data of a `RouteTable`. Runs on the compiler thread. Everything
 * wrong is reported to `context` with its place. `dynamic` is true for one that came by RDS, whose clusters need not
 * exist unless it says so.
 */
export function compileRouteConfiguration(
  message: RouteConfiguration,
  place: Place,
  context: CompileContext,
  dynamic = false,
): RouteTableData {
  const requireClusters = message.validateClusters ?? !dynamic;
  const maxDirectResponseBodyBytes = message.maxDirectResponseBodySizeBytes ?? DEFAULT_MAX_DIRECT_RESPONSE_BODY_BYTES;
  const mirrors = compileRequestMirrors(
    message.requestMirrorPolicies,
    { requireClusters, mirrors: [] },
    place.field("request_mirror_policies"),
    context,
  );
  const defaults = { requireClusters, maxDirectResponseBodyBytes, mirrors };
  const firstPlaces = new Map<string, Place>();
  const virtualHosts = message.virtualHosts.map((host, i) => {
    const at = place.field("virtual_hosts").index(i);
    const domains = compileDomains(host.domains, firstPlaces, at.field("domains"), context);
    return compileVirtualHost(host, domains, defaults, at, context);
  });
  const internalOnly = place.field("internal_only_headers");
  return {
    ...compileRouteLevel(message, place, context),
    name: message.name,
    virtualHosts,
    ignorePortInHostMatching: message.ignorePortInHostMatching,
    ignorePathParameters: message.ignorePathParametersInPathMatching,
    mostSpecificHeaderMutationsWins: message.mostSpecificHeaderMutationsWins,
    internalOnlyHeaders: message.internalOnlyHeaders.map((name, i) =>
      compileHeaderName(name, internalOnly.index(i), context),
    ),
  };
}

/** The domains in lower case. `firstPlaces` holds where each domain of the table stands, to find those given twice. */
function compileDomains(
  domains: readonly string[],
  firstPlaces: Map<string, Place>,
  place: Place,
  context: CompileContext,
): string[] {
  return domains.map((domain, i) => {
    const lower = asciiLowerCase(wireText(domain));
    const first = firstPlaces.get(lower);
    if (first === undefined) {
      firstPlaces.set(lower, place.index(i));
    } else {
      context.error(
        place.index(i),
        `the domain "${domain}" stands in this route configuration already`,
        `see ${first}`,
      );
    }
    if (lower.length > 1 && lower.slice(1, -1).includes("*")) {
      context.warning(place.index(i), `"${domain}" is taken literally`, "a * counts only at the start or the end");
    }
    return lower;
  });
}
