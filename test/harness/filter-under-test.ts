import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { silentLogger } from "../../src/base/log.ts";
import { Place } from "../../src/config/place.ts";
import { loadExtensionConfigs } from "../../src/extensions/compiler-table.ts";
import type { WorkerContext } from "../../src/extensions/extension-module.ts";
import { HTTP_FILTERS } from "../../src/extensions/table.ts";
import type { HttpFilterFactory } from "../../src/http/filter.ts";
import type { StreamRoute } from "../../src/http/stream-route.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import type { AsyncClient } from "../../src/upstream/async/async-client.ts";
import { CircuitBreakerCells } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import { SharedLimits } from "../../src/upstream/limits/shared-limits.ts";
import { FakeClock } from "./fake-clock.ts";
import { RecordingCompileContext } from "./recording-compile-context.ts";
import { RecordingStats } from "./recording-stats.ts";
import { fixedRandom, makeFormatEnvironment } from "./stream-fixtures.ts";

const configs = await loadExtensionConfigs();

/** One HTTP filter of the table, compiled from proto JSON and made as on a worker, without listener and route table. */
export interface FilterUnderTest {
  readonly stats: RecordingStats;
  readonly clock: FakeClock;
  readonly factory: HttpFilterFactory;
  /** A forwarding route whose only setting is the filter's; null without one. */
  readonly route: StreamRoute | null;
}

/** `name` is Envoy's short one (`cors`); `asyncClient` is for those that ask a service. Throws with the problems of a configuration that is refused. */
export async function makeFilter(
  name: string,
  json: JsonObject,
  routeJson?: JsonObject,
  asyncClient?: AsyncClient,
): Promise<FilterUnderTest> {
  const extension = `envoy.filters.http.${name}`;
  const module = await HTTP_FILTERS.find((entry) => entry.name === extension)!.filter();
  const config = configs.find((each) => each.name === extension)!;
  const context = new RecordingCompileContext();
  const data = config.compile(fromJson(config.schema, json), Place.root, context);
  const ofRoute =
    routeJson === undefined
      ? undefined
      : config.compileRoute!(fromJson(config.routeSchema!, routeJson), Place.root, context);
  if (context.problems.length > 0) throw new Error(context.problems.join("\n"));
  const stats = new RecordingStats();
  const clock = new FakeClock();
  const worker = {
    runtime: new Runtime(),
    clock,
    timers: clock.timers,
    random: fixedRandom,
    log: silentLogger,
    stats,
    format: makeFormatEnvironment(clock),
    limits: limitsFor(context.added, clock),
    condition: { healthCheckFailed: false },
    asyncClient,
    clusters: { get: () => ({ info: { stats: { scope: stats } } }) },
  } as unknown as WorkerContext;
  return {
    stats,
    clock,
    factory: module.createFactory(structuredClone(data), { worker, scope: stats }),
    route: ofRoute === undefined ? null : routeOf(module.createRouteConfig?.(ofRoute, worker) ?? ofRoute),
  };
}

/** The shared memory of the limits among the added resources. */
function limitsFor(added: readonly string[], clock: FakeClock): SharedLimits {
  const cells = new CircuitBreakerCells();
  const limits = new SharedLimits(clock);
  const names = added.map((resource) => resource.slice(resource.indexOf(" ") + 1));
  const slots = new Map(names.map((name) => [name, cells.allocate(name)]));
  limits.attach({ slots, chunks: cells.chunksFor(0) });
  return limits;
}

function routeOf(config: unknown): StreamRoute {
  const route = {
    name: "",
    action: { type: "forward", clusterName: () => "app" },
    perFilterConfig: () => config,
    perFilterConfigs: () => [config],
    filterDisabled: () => undefined,
    metadata: new Map(),
  };
  return route;
}
