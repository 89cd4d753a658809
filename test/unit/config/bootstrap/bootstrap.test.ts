import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BootstrapData } from "../../../../src/config/bootstrap/bootstrap-data.ts";
import { ConfigurationCompiler } from "../../../../src/config/compiler/configuration-compiler.ts";
import { problemText } from "../../../../src/config/config-problem.ts";
import { sampleTable } from "../sample-compiler-table.ts";

function compile(content: string): { data: BootstrapData | undefined; problems: string[] } {
  const outcome = new ConfigurationCompiler(sampleTable).compile({ texts: [{ file: "a.yaml", content }] });
  return { data: outcome.ok ? outcome.bootstrap : undefined, problems: outcome.problems.map(problemText) };
}

describe("compileBootstrap", () => {
  it("fills in defaults", () => {
    assert.deepEqual(compile("static_resources: {}").data, {
      node: { id: "", cluster: "", region: "", zone: "", subZone: "", metadata: {} },
      runtime: [],
      overload: null,
      localClusterName: "",
      outlierEventLogPath: "",
      upstreamBind: null,
      dnsResolver: null,
      admin: null,
      stats: {
        matcher: { type: "acceptAll" },
        tags: [],
        useAllDefaultTags: true,
        histogramBuckets: [],
        flushIntervalMs: 5000,
        flushOnAdmin: false,
      },
      statsSinks: [],
    });
  });

  it("compiles node and admin", () => {
    const { data } = compile(`
node: {id: a, cluster: b, locality: {region: r, zone: z, sub_zone: s}, metadata: {k: [1]}}
admin: {address: {pipe: {path: /run/admin.sock, mode: 0o600}}, access_log_path: /dev/null, profile_path: /tmp/x}
`);
    assert.deepEqual(data?.node, { id: "a", cluster: "b", region: "r", zone: "z", subZone: "s", metadata: { k: [1] } });
    assert.deepEqual(data?.admin, {
      address: { type: "pipe", path: "/run/admin.sock", mode: 0o600 },
      accessLogs: [],
    });
  });

  it("compiles the settings of stats", () => {
    const { data } = compile(`
stats_flush_interval: 0.5s
stats_config:
  use_all_default_tags: false
  stats_tags:
  - {tag_name: one, fixed_value: v}
  - {tag_name: two, regex: "^a(b)$"}
  - {tag_name: three}
  stats_matcher:
    inclusion_list:
      patterns: [{prefix: http., ignore_case: true}, {safe_regex: {regex: ".*_rq"}}]
  histogram_bucket_settings:
  - {match: {exact: x}, buckets: [1, 2.5]}
`);
    assert.deepEqual(data?.stats, {
      matcher: {
        type: "inclusion",
        patterns: [
          { type: "prefix", value: "http.", ignoreCase: true },
          { type: "regex", value: ".*_rq", ignoreCase: false },
        ],
      },
      tags: [{ name: "one", fixedValue: "v" }, { name: "two", regex: "^a(b)$" }, { name: "three" }],
      useAllDefaultTags: false,
      histogramBuckets: [{ match: { type: "exact", value: "x", ignoreCase: false }, buckets: [1, 2.5] }],
      flushIntervalMs: 500,
      flushOnAdmin: false,
    });
  });

  const refused: { name: string; yaml: string; problem: RegExp }[] = [
    {
      name: "an admin address that is no IP",
      yaml: "admin: {address: {socket_address: {address: localhost, port_value: 1}}}",
      problem:
        /^a\.yaml:1:36: admin\.address\.socket_address\.address: "localhost" is no IP address \(such as 127\.0\.0\.1\)$/,
    },
    {
      name: "UDP for the admin endpoint",
      yaml: "admin: {address: {socket_address: {protocol: UDP, address: 0.0.0.0, port_value: 1}}}",
      problem: /protocol UDP is not supported yet \(supported: TCP\)$/,
    },
    {
      name: "a bad regex of a tag",
      yaml: 'stats_config: {stats_tags: {tag_name: a, regex: "("}}',
      problem: /stats_config\.stats_tags\[0\]\.regex: invalid regex: /,
    },
    {
      name: "a bad regex of the matcher",
      yaml: 'stats_config: {stats_matcher: {exclusion_list: {patterns: {safe_regex: {regex: "a(?=b)"}}}}}',
      problem: /patterns\[0\]\.safe_regex\.regex: invalid regex: /,
    },
    {
      name: "xDS",
      yaml: "dynamic_resources: {lds_config: {ads: {}}}",
      problem: /^a\.yaml:1:1: dynamic_resources: dynamic_resources is not supported yet: there is no xDS yet/,
    },
    {
      name: "a flush interval below the least",
      yaml: "stats_flush_interval: 0s",
      problem: /stats_flush_interval must be at least 0\.001s, found 0s$/,
    },
  ];
  for (const { name, yaml, problem } of refused) {
    it(`refuses ${name}`, () => {
      const { data, problems } = compile(yaml);
      assert.equal(data, undefined);
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, problem);
    });
  }
});
