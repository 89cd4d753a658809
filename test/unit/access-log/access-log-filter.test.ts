import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import type { AccessLog } from "../../../src/access-log/access-log.ts";
import { compileAccessLogs } from "../../../src/access-log/config.ts";
import { createAccessLogs } from "../../../src/access-log/filtered-log.ts";
import { Place } from "../../../src/config/place.ts";
import type { FormatContext } from "../../../src/http/format/format-context.ts";
import { ResponseHeaderMap, TrailerMap } from "../../../src/http/header-map.ts";
import type { TraceReason } from "../../../src/http/span.ts";
import { ResponseFlag } from "../../../src/http/stream-info.ts";
import { AccessLogSchema } from "../../../src/proto/gen/envoy/config/accesslog/v3/accesslog_pb.js";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { RecordingCompileContext } from "../../harness/recording-compile-context.ts";
import { fixedRandom, makeRequest, makeStreamInfo } from "../../harness/stream-fixtures.ts";

/** Whether a filter, in proto JSON, lets an occasion through. */
function passes(filter: JsonObject, context: FormatContext): boolean {
  const compileContext = new RecordingCompileContext();
  const message = fromJson(AccessLogSchema, { name: "log", filter });
  const data = structuredClone(compileAccessLogs([message], Place.root, compileContext));
  assert.deepEqual(compileContext.problems, []);
  let logged = 0;
  const log: AccessLog = { log: () => logged++, release: () => {} };
  const clock = new FakeClock();
  clock.advance(500);
  for (const each of createAccessLogs(data, () => log, { clock, random: fixedRandom, runtime: new Runtime() }))
    each.log(context);
  return logged === 1;
}

function occasion(more: Partial<FormatContext> = {}, change: (info: FormatContext["streamInfo"]) => void = () => {}) {
  const streamInfo = makeStreamInfo();
  streamInfo.responseCode = 503;
  streamInfo.completedMs = 100;
  change(streamInfo);
  return {
    requestHeaders: makeRequest({}, ["x-a", "1"]),
    responseHeaders: new ResponseHeaderMap(503),
    responseTrailers: null,
    streamInfo,
    accessLogType: "DownstreamEnd",
    ...more,
  };
}

const traced = (reason: TraceReason, healthCheck = false) =>
  occasion({}, (info) => {
    info.traceReason = reason;
    info.healthCheck = healthCheck;
  });

const compared = (op: string, defaultValue: number): JsonObject => ({
  comparison: { op, value: { defaultValue, runtimeKey: "k" } },
});
const yesFilter: JsonObject = { statusCodeFilter: compared("GE", 0) };
const noFilter: JsonObject = { statusCodeFilter: compared("LE", 0) };

const metadataFilter = (more: JsonObject = {}): JsonObject => ({
  metadataFilter: { matcher: { filter: "ns", path: [{ key: "k" }], value: { stringMatch: { exact: "v" } } }, ...more },
});
const withMetadata = (value: unknown) =>
  occasion({}, (info) => {
    info.metadata("ns").k = value;
  });

describe("Access log filters", () => {
  const rows: { name: string; filter: JsonObject; context?: FormatContext; result: boolean }[] = [
    { name: "status equal", filter: { statusCodeFilter: compared("EQ", 503) }, result: true },
    { name: "status not equal", filter: { statusCodeFilter: compared("EQ", 500) }, result: false },
    { name: "status at least", filter: { statusCodeFilter: compared("GE", 503) }, result: true },
    { name: "status at most", filter: { statusCodeFilter: compared("LE", 502) }, result: false },
    { name: "duration at least", filter: { durationFilter: compared("GE", 100) }, result: true },
    { name: "traceable", filter: { traceableFilter: {} }, context: traced("sampling"), result: true },
    { name: "not traceable", filter: { traceableFilter: {} }, result: false },
    {
      name: "traceable health check",
      filter: { traceableFilter: {} },
      context: traced("sampling", true),
      result: false,
    },
    { name: "metadata that matches", filter: metadataFilter(), context: withMetadata("v"), result: true },
    { name: "metadata that does not", filter: metadataFilter(), context: withMetadata("w"), result: false },
    { name: "metadata that is missing", filter: metadataFilter(), result: true },
    {
      name: "metadata that is missing and needed",
      filter: metadataFilter({ matchIfKeyNotFound: false }),
      result: false,
    },
    { name: "duration too short", filter: { durationFilter: compared("GE", 101) }, result: false },
    {
      name: "duration so far of a living stream",
      filter: { durationFilter: compared("EQ", 500) },
      context: occasion({}, (info) => {
        info.completedMs = -1;
      }),
      result: true,
    },
    { name: "no health check", filter: { notHealthCheckFilter: {} }, result: true },
    {
      name: "health check",
      filter: { notHealthCheckFilter: {} },
      context: occasion({}, (info) => {
        info.healthCheck = true;
      }),
      result: false,
    },
    { name: "any response flag, none there", filter: { responseFlagFilter: {} }, result: false },
    {
      name: "any response flag, one there",
      filter: { responseFlagFilter: {} },
      context: occasion({}, (info) => info.setResponseFlag(ResponseFlag.DC)),
      result: true,
    },
    {
      name: "a response flag",
      filter: { responseFlagFilter: { flags: ["UF", "DC"] } },
      context: occasion({}, (info) => info.setResponseFlag(ResponseFlag.DC)),
      result: true,
    },
    {
      name: "another response flag",
      filter: { responseFlagFilter: { flags: ["UF"] } },
      context: occasion({}, (info) => info.setResponseFlag(ResponseFlag.DC)),
      result: false,
    },
    {
      name: "a header",
      filter: { headerFilter: { header: { name: "X-A", stringMatch: { exact: "1" } } } },
      result: true,
    },
    {
      name: "a header without a request",
      filter: { headerFilter: { header: { name: "X-A" } } },
      context: occasion({ requestHeaders: null }),
      result: false,
    },
    { name: "all of several", filter: { andFilter: { filters: [yesFilter, yesFilter] } }, result: true },
    { name: "not all of several", filter: { andFilter: { filters: [yesFilter, noFilter] } }, result: false },
    { name: "one of several", filter: { orFilter: { filters: [noFilter, yesFilter] } }, result: true },
    { name: "none of several", filter: { orFilter: { filters: [noFilter, noFilter] } }, result: false },
    {
      name: "a share, by chance",
      filter: { runtimeFilter: { runtimeKey: "k", percentSampled: { numerator: 5 } } },
      result: true,
    },
    {
      name: "a smaller share, by chance",
      filter: { runtimeFilter: { runtimeKey: "k", percentSampled: { numerator: 4 } } },
      result: false,
    },
    { name: "no share unless one is given", filter: { runtimeFilter: { runtimeKey: "k" } }, result: false },
    {
      name: "a share, by request id",
      filter: { runtimeFilter: { runtimeKey: "k", percentSampled: { numerator: 4 } } },
      context: occasion({ requestHeaders: makeRequest({}, ["x-request-id", "00000003-aaaa"]) }),
      result: true,
    },
    {
      name: "a share, whatever the request id",
      filter: { runtimeFilter: { runtimeKey: "k", percentSampled: { numerator: 4 }, useIndependentRandomness: true } },
      context: occasion({ requestHeaders: makeRequest({}, ["x-request-id", "00000003-aaaa"]) }),
      result: false,
    },
    {
      name: "gRPC status of the trailers",
      filter: { grpcStatusFilter: { statuses: ["ABORTED"] } },
      context: occasion({ responseTrailers: new TrailerMap(["grpc-status", "10"]) }),
      result: true,
    },
    { name: "gRPC status by HTTP status", filter: { grpcStatusFilter: { statuses: ["UNAVAILABLE"] } }, result: true },
    {
      name: "gRPC status excluded",
      filter: { grpcStatusFilter: { statuses: ["UNAVAILABLE"], exclude: true } },
      result: false,
    },
    { name: "type of occasion", filter: { logTypeFilter: { types: ["DownstreamEnd"] } }, result: true },
    {
      name: "type of occasion excluded",
      filter: { logTypeFilter: { types: ["DownstreamEnd"], exclude: true } },
      result: false,
    },
  ];
  for (const { name, filter, context = occasion(), result } of rows) {
    it(name, () => assert.equal(passes(filter, context), result));
  }

  it("give up the loggers made before one that fails", () => {
    const compileContext = new RecordingCompileContext();
    const messages = [fromJson(AccessLogSchema, { name: "a" }), fromJson(AccessLogSchema, { name: "b" })];
    const data = compileAccessLogs(messages, Place.root, compileContext);
    const released: string[] = [];
    const create = ({ name }: { name: string }): AccessLog => {
      if (name === "b") throw new Error("no disk");
      return { log: () => {}, release: () => released.push(name) };
    };
    const environment = { clock: new FakeClock(), random: fixedRandom, runtime: new Runtime() };
    assert.throws(() => createAccessLogs(data, create, environment), /no disk/);
    assert.deepEqual(released, ["a"]);
  });

  it("report a bad matcher where it stands", () => {
    const compileContext = new RecordingCompileContext();
    const filter = { andFilter: { filters: [yesFilter, { headerFilter: { header: { name: "a b" } } }] } };
    compileAccessLogs(
      [fromJson(AccessLogSchema, { name: "a", filter })],
      Place.root.field("access_log"),
      compileContext,
    );
    assert.deepEqual(compileContext.problems, [
      'access_log[0].filter.and_filter.filters[1].header_filter.header.name: "a b" is not a header name',
    ]);
  });
});
