import { createAccessLogs } from "../../../access-log/filtered-log.ts";
import type { NamedHttpFilter } from "../../../http/filter-manager/filter-manager.ts";
import { type Http1ServerOptions, nameOptions } from "../../../http/http1/codec-options.ts";
import { HTTP1_CODEC_STAT_NAMES, type Http1CodecStats } from "../../../http/http1/codec-stats.ts";
import { http2CodecStats } from "../../../http/http2/codec-stats.ts";
import type { NetworkFilterContext } from "../../../listener/listener-context.ts";
import { createIpSet } from "../../../match/ip-prefix-table.ts";
import type { NetworkFilterFactory } from "../../../net/network-filter.ts";
import { HeaderMutations } from "../../../route/header-mutations.ts";
import type { StatsScope } from "../../../stats/scope.ts";
import { extensionModule, type NetworkFilterModule, type WorkerContext } from "../../extension-module.ts";
import { explainHttp } from "./explain.ts";
import type { HcmData, HttpFilterData } from "./hcm-data.ts";
import type { HcmRuntime } from "./hcm-runtime.ts";
import { HttpConnectionManager } from "./http-connection-manager.ts";
import { MappedLocalReplies } from "./mapped-local-replies.ts";
import { headDeadline } from "./request-head-watch.ts";
import type { RequestHeaderContext } from "./request-headers.ts";
import { RequestTracing } from "./request-tracing.ts";
import { DateHeader } from "./response-headers.ts";
import { HcmStats } from "./stats.ts";
import type { UpgradeTable } from "./upgrade-filters.ts";

/** `envoy.filters.network.http_connection_manager`, worker side. */
export const networkFilter: NetworkFilterModule = {
  async preload(data, worker) {
    const { httpFilters, upgrades } = data as HcmData;
    const modules = worker.extensions.httpFilters;
    const all = [...httpFilters, ...upgrades.flatMap((upgrade) => upgrade.httpFilters ?? [])];
    await Promise.all(
      all.map(({ filter }) => extensionModule(modules, filter.extension).preload?.(filter.data, worker)),
    );
  },
  createFactory: (data, context, worker) => createHcmFactory(data as HcmData, worker, context),
  explain: (data, question, sources) => explainHttp(data as HcmData, question, sources),
};

function createHcmFactory(data: HcmData, worker: WorkerContext, context: NetworkFilterContext): NetworkFilterFactory {
  const scope = worker.stats.scope(`http.${data.statPrefix}`);
  const ofListener = context.listenerScope.scope(`http.${data.statPrefix}`);
  const stats = new HcmStats(scope, ofListener);
  const filters = createFilters(data.httpFilters, scope, worker);
  const upgrades = createUpgrades(data, filters, scope, worker);
  const runtime: HcmRuntime = {
    data,
    stats,
    filters,
    upgrades,
    routes: worker.routeTables.slot(data.routeTable),
    accessLogs: createAccessLogs(
      data.accessLogs,
      (log) => extensionModule(worker.extensions.accessLoggers, log.extension).createLogger(log.data, worker),
      worker,
    ),
    failures: worker.failures ?? null,
    localReplies: createLocalReplies(data, worker),
    tracing: createTracing(data, scope, worker, context.trafficDirection === "outbound"),
    clock: worker.clock,
    timers: worker.timers,
    random: worker.random,
    date: new DateHeader(worker.clock),
    headers: requestHeaderContext(data, stats, worker),
    headDeadline: headDeadline(data),
    http1Options: http1Options(data),
    http1Stats: http1Stats(worker.stats.scope("http1")),
    http2Options: {
      protocol: data.http2,
      headerLimits: { headBytes: data.maxRequestHeadersKb * 1024, fieldCount: data.maxHeadersCount },
      headersWithUnderscoresAction: data.headersWithUnderscoresAction,
      proxy100Continue: data.proxy100Continue,
      flushTimeoutMs: data.streamIdleTimeoutMs,
    },
    http2Stats: http2CodecStats(worker.stats.scope("http2")),
  };
  return {
    name: "envoy.filters.network.http_connection_manager",
    createReadFilter: () => new HttpConnectionManager(runtime),
    dispose() {
      const all = new Set([...filters, ...[...upgrades.values()].flatMap((upgrade) => upgrade.filters)]);
      for (const filter of all) filter.factory.dispose();
      for (const log of runtime.accessLogs) log.release();
      runtime.tracing?.release();
      scope.release();
      ofListener.release();
    },
  };
}

function requestHeaderContext(data: HcmData, stats: HcmStats, { random, format }: WorkerContext): RequestHeaderContext {
  const earlyMutations = data.earlyMutations.map((mutation) => new HeaderMutations(mutation, format));
  return { data, random, internalRanges: createIpSet(data.internalCidrRanges), earlyMutations, stats };
}

function http1Options(data: HcmData): Http1ServerOptions {
  return {
    headLimits: { headBytes: data.maxRequestHeadersKb * 1024, fieldCount: data.maxHeadersCount },
    headersWithUnderscoresAction: data.headersWithUnderscoresAction,
    acceptHttp10: data.acceptHttp10,
    defaultHostForHttp10: data.defaultHostForHttp10,
    allowAbsoluteUrl: data.allowAbsoluteUrl,
    enableTrailers: data.enableTrailers,
    allowCustomMethods: data.allowCustomMethods,
    ...nameOptions(data.keyFormat),
    proxy100Continue: data.proxy100Continue,
  };
}

function createLocalReplies({ localReplies }: HcmData, worker: WorkerContext): MappedLocalReplies | null {
  if (localReplies === null) return null;
  const { clock, random, runtime, format } = worker;
  return new MappedLocalReplies(localReplies, { clock, random, runtime, format });
}

function createTracing(
  { tracing }: HcmData,
  scope: StatsScope,
  worker: WorkerContext,
  egress: boolean,
): RequestTracing | null {
  if (tracing === null) return null;
  const { data, provider } = tracing;
  const tracer =
    provider === null
      ? null
      : extensionModule(worker.extensions.tracers, provider.extension).createTracer(provider.data, worker);
  const { runtime, random, format } = worker;
  return new RequestTracing(data, tracer, { scope, runtime, random, environment: format.environment, egress });
}

function createUpgrades(
  data: HcmData,
  filters: readonly NamedHttpFilter[],
  scope: StatsScope,
  worker: WorkerContext,
): UpgradeTable {
  return new Map(
    data.upgrades.map(({ type, enabled, httpFilters }) => [
      type,
      { enabled, filters: httpFilters === null ? filters : createFilters(httpFilters, scope, worker) },
    ]),
  );
}

function createFilters(data: readonly HttpFilterData[], scope: StatsScope, worker: WorkerContext): NamedHttpFilter[] {
  return data.map(({ filter, disabled }) => ({
    name: filter.name,
    disabled,
    factory: extensionModule(worker.extensions.httpFilters, filter.extension).createFactory(filter.data, {
      scope,
      worker,
    }),
  }));
}

function http1Stats(scope: StatsScope): Http1CodecStats {
  return {
    droppedHeadersWithUnderscores: scope.counter(HTTP1_CODEC_STAT_NAMES.droppedHeadersWithUnderscores),
    requestsRejectedWithUnderscoresInHeaders: scope.counter(
      HTTP1_CODEC_STAT_NAMES.requestsRejectedWithUnderscoresInHeaders,
    ),
  };
}
