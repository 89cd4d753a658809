import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { AccessLogFiles } from "../../../src/access-log/access-log-files.ts";
import { FormattedLog } from "../../../src/access-log/formatted-log.ts";
import { Place } from "../../../src/config/place.ts";
import { compileFormatString } from "../../../src/http/format/config.ts";
import { SubstitutionFormatStringSchema } from "../../../src/proto/gen/envoy/config/core/v3/substitution_format_string_pb.js";
import { FakeClock } from "../../harness/fake-clock.ts";
import { FakeLogDisk } from "../../harness/fake-log-disk.ts";
import { RecordingCompileContext } from "../../harness/recording-compile-context.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { makeFormatEnvironment, makeRequest, makeStreamInfo } from "../../harness/stream-fixtures.ts";

/** What one request puts into the log; `format` is a `SubstitutionFormatString` in proto JSON, null for the default. */
function logged(format: JsonObject | null): string {
  const context = new RecordingCompileContext();
  const data =
    format === null ? null : compileFormatString(fromJson(SubstitutionFormatStringSchema, format), Place.root, context);
  assert.deepEqual(context.problems, []);
  const disk = new FakeLogDisk();
  const files = new AccessLogFiles({ timers: new FakeClock().timers, stats: new RecordingStats(), disk });
  const log = new FormattedLog("/log", structuredClone(data), files, makeFormatEnvironment());
  log.log({
    requestHeaders: makeRequest({}, ["user-agent", "a\tb"]),
    responseHeaders: null,
    responseTrailers: null,
    streamInfo: makeStreamInfo(),
    accessLogType: "DownstreamEnd",
  });
  log.release();
  disk.complete();
  return disk.files.get("/log")!;
}

describe("FormattedLog", () => {
  const rows: { name: string; format: JsonObject | null; line: string }[] = [
    {
      name: "writes Envoy's default line",
      format: null,
      line: '[2016-04-15T20:17:00.310Z] "GET / HTTP/1.1" 0 - 0 0 0 - "-" "a\\x09b" "-" "example.com" "-"\n',
    },
    { name: "writes a text format", format: { textFormat: "%REQ(:path)% %REQ(x)%\n" }, line: "/ -\n" },
    { name: "writes a text source", format: { textFormatSource: { inlineString: "%PROTOCOL%|" } }, line: "HTTP/1.1|" },
    {
      name: "leaves empty values out of a text",
      format: { textFormat: "[%REQ(x)%]", omitEmptyValues: true },
      line: "[]",
    },
    { name: "writes JSON", format: { jsonFormat: { z: "%REQ(x)%", a: "%BYTES_SENT%" } }, line: '{"z":null,"a":0}\n' },
    {
      name: "leaves empty values out of JSON",
      format: { jsonFormat: { z: "%REQ(x)%" }, omitEmptyValues: true },
      line: "{}\n",
    },
    {
      name: "sorts properties",
      format: { jsonFormat: { z: 1, a: { c: true, b: null } }, jsonFormatOptions: { sortProperties: true } },
      line: '{"a":{"b":null,"c":true},"z":1}\n',
    },
  ];
  for (const { name, format, line } of rows) it(name, () => assert.equal(logged(format), line));
});
