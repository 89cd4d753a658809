import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromJson, toBinary } from "@bufbuild/protobuf";
import {
  type CompileOutcome,
  type CompileRequest,
  resourceKey,
} from "../../../../src/config/compiler/compile-request.ts";
import { ConfigurationCompiler } from "../../../../src/config/compiler/configuration-compiler.ts";
import { unpackResource } from "../../../../src/config/compiler/resource-packing.ts";
import { problemText } from "../../../../src/config/config-problem.ts";
import { BootstrapSchema } from "../../../../src/proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { sampleTable } from "../sample-compiler-table.ts";

function compile(content: string, more: Partial<CompileRequest> = {}, file = "a.yaml"): CompileOutcome {
  return new ConfigurationCompiler(sampleTable).compile({ texts: [{ file, content }], ...more });
}

function problems(outcome: CompileOutcome): string[] {
  return outcome.problems.map(problemText);
}

/** The unpacked data of all resources, by kind and name. */
function data(outcome: CompileOutcome): Record<string, unknown> {
  assert.deepEqual(problems(outcome), []);
  assert.ok(outcome.ok);
  return Object.fromEntries(outcome.changed.map((each) => [resourceKey(each), unpackResource(each.data)]));
}

const CLUSTERS = `
static_resources:
  clusters:
  - name: a
    connect_timeout: 1s
    load_assignment:
      cluster_name: a
      endpoints:
        lb_endpoints:
          endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}
  - name: b
`;

const HTTP = `
static_resources:
  listeners:
  - name: web
    address: {socket_address: {address: 0.0.0.0, port_value: 80}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: x
          route_config:
            name: local
            virtual_hosts:
            - name: all
              domains: "*"
              typed_per_filter_config:
                envoy.filters.http.buffer:
                  "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig
                  config:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute
                    disabled: true
              routes:
              - match: {prefix: /}
                direct_response: {status: 200}
          http_filters:
          - name: my buffer
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer
              max_request_bytes: 10
`;

describe("ConfigurationCompiler", () => {
  it("compiles items to resources of their own", () => {
    const compiled = data(compile(CLUSTERS));
    assert.deepEqual(Object.keys(compiled), ["cluster a", "cluster b"]);
    assert.deepEqual((compiled["cluster a"] as { endpoints: unknown }).endpoints, [["127.0.0.1", 1]]);
  });

  it("compiles extensions, per-route settings, and route tables inside listeners", () => {
    const compiled = data(compile(HTTP));
    assert.deepEqual(compiled, {
      "listener web": {
        chains: [
          [
            {
              name: "hcm",
              extension: "envoy.filters.network.http_connection_manager",
              data: {
                filters: [
                  { name: "my buffer", extension: "envoy.filters.http.buffer", terminal: false, data: { limit: 10 } },
                ],
                routes: "web/local",
              },
              terminal: false,
            },
          ],
        ],
      },
      "routeTable web/local": [
        {
          domains: ["*"],
          perFilter: [
            [
              "envoy.filters.http.buffer",
              { extension: "envoy.filters.http.buffer", disabled: false, data: { override: "disabled" } },
            ],
          ],
        },
      ],
    });
  });

  it("compiles YAML, JSON and binary to the same hashes", () => {
    const value = {
      static_resources: { clusters: [{ name: "a", connect_timeout: "1s" }, { name: "b" }] },
    };
    const yaml = compile("static_resources:\n  clusters:\n  - {name: a, connect_timeout: 1s}\n  - name: b\n");
    const json = compile(JSON.stringify(value), {}, "a.json");
    const bytes = toBinary(BootstrapSchema, fromJson(BootstrapSchema, value));
    const binary = new ConfigurationCompiler(sampleTable).compile({ texts: [{ file: "a.pb", content: bytes }] });
    assert.ok(yaml.ok && json.ok && binary.ok);
    assert.equal(yaml.resources.length, 2);
    assert.deepEqual(json.resources, yaml.resources);
    assert.deepEqual(binary.resources, yaml.resources);
  });

  it("names the place of everything that is wrong, at once", () => {
    const outcome = compile(`admin:
  adress: {}
static_resources:
  clusters:
  - name: a
    connect_timeout: 0s
    conect: 1
  - name: ""
  listeners:
  - name: l
    per_connection_buffer_limit_bytes: 5
    filter_chains:
    - filters:
      - name: x
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy}
      - name: z
        typed_config: {"@type": type.googleapis.com/vendor.Filter, a: 1}
`);
    assert.equal(outcome.ok, false);
    assert.deepEqual(problems(outcome), [
      'a.yaml:2:3: admin.adress: envoy.config.bootstrap.v3.Admin has no field "adress" (did you mean address?)',
      'a.yaml:7:5: static_resources.clusters[0].conect: envoy.config.cluster.v3.Cluster has no field "conect"',
      "a.yaml:8:5: static_resources.clusters[1].name: name must not be empty",
      "a.yaml:11:5: static_resources.listeners[0].per_connection_buffer_limit_bytes: per_connection_buffer_limit_bytes is not supported yet: buffers are fixed (leave it out)",
      "a.yaml:15:9: static_resources.listeners[0].filter_chains[0].filters[0].typed_config: extension envoy.extensions.filters.network.redis_proxy.v3.RedisProxy is not supported yet (envoy.filters.network.tcp_proxy passes connections on, whatever they carry)",
      "a.yaml:17:9: static_resources.listeners[0].filter_chains[0].filters[1].typed_config: vendor.Filter is no known extension type",
    ]);
  });

  it("turns what is not supported into warnings when told to", () => {
    const text = "static_resources:\n  listeners:\n  - name: l\n    per_connection_buffer_limit_bytes: 5\n";
    assert.equal(compile(text).ok, false);
    const outcome = compile(text, { allowUnsupported: true });
    assert.equal(outcome.ok, true);
    assert.match(problems(outcome)[0]!, /^a\.yaml:4:5: warning: static_resources\.listeners\[0\]\.per_conn/);
  });

  it("refuses names used twice", () => {
    assert.deepEqual(problems(compile("static_resources:\n  clusters:\n  - name: a\n  - name: a\n")), [
      'a.yaml:4:5: static_resources.clusters[1].name: duplicate cluster name "a" (names of clusters must be unique)',
    ]);
  });

  it("refuses references to what does not exist, but not to what exists and is wrong itself", () => {
    const listener = (cluster: string): string => `
static_resources:
  listeners:
    name: l
    filter_chains:
      filters:
        name: t
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: ${cluster}}
  clusters:
  - name: here
  - name: wrong
    connect_timeout: 0s
`;
    const [wrong, ...none] = problems(compile(listener("wrong")));
    assert.match(wrong!, /clusters\[1\]\.connect_timeout: connect_timeout must be more than 0s, found 0s$/);
    assert.deepEqual(none, []);
    const found = problems(compile(listener("gone")));
    assert.match(found[0]!, /^a\.yaml:8:125: .*\.cluster: there is no cluster named "gone"$/);
  });

  it("finds extensions by name when typed_config is absent or empty, if they need none", () => {
    const chain = (filter: string): string =>
      `static_resources: {listeners: {name: l, filter_chains: {filters: ${filter}}}}`;
    for (const filter of [
      "{name: envoy.filters.network.echo}",
      "{name: envoy.filters.network.echo, typed_config: {}}",
    ]) {
      data(compile(chain(filter)));
    }
    assert.match(
      problems(compile(chain("{name: envoy.filters.network.tcp_proxy}")))[0]!,
      /tcp_proxy needs a typed_config/,
    );
    assert.match(problems(compile(chain("{name: mine}")))[0]!, /typed_config is required/);
    assert.match(
      problems(compile(chain("{name: envoy.filters.network.lua}")))[0]!,
      /envoy\.filters\.network\.lua is not supported/,
    );
    assert.match(problems(compile(chain("{name: envoy.filters.http.buffer}")))[0]!, /can't stand here/);
  });

  it("leaves optional extensions out with a warning", () => {
    const text = HTTP.replace(
      "buffer.v3.Buffer\n              max_request_bytes: 10",
      "lua.v3.Lua\n            is_optional: true",
    );
    const outcome = compile(text);
    assert.equal(outcome.ok, true);
    assert.match(
      problems(outcome)[0]!,
      /warning: .*http_filters\[0\]\.typed_config: extension .*\.Lua is not supported yet/,
    );
  });

  it("merges later texts over earlier ones: lists are appended, scalars replaced, messages merged", () => {
    const outcome = new ConfigurationCompiler(sampleTable).compile({
      texts: [
        { file: "a.yaml", content: "node: {id: one, cluster: c}\nstatic_resources:\n  clusters:\n  - name: a\n" },
        { file: "--config-yaml", content: "node: {id: two}\nstatic_resources: {clusters: {name: b}}" },
      ],
    });
    assert.deepEqual(Object.keys(data(outcome)), ["cluster a", "cluster b"]);
    assert.ok(outcome.ok);
    assert.equal(outcome.bootstrap.node.id, "two");
    assert.equal(outcome.bootstrap.node.cluster, "c");
  });

  it("names the text that a problem of merged settings is in", () => {
    const outcome = new ConfigurationCompiler(sampleTable).compile({
      texts: [
        { file: "a.yaml", content: "node: {id: one}\n" },
        { file: "--config-yaml", content: "\nstats_flush_interval: 0s\nstatic_resources: {clusters: {nme: x}}" },
      ],
    });
    const found = problems(outcome);
    assert.match(found[0]!, /^--config-yaml:2:1: stats_flush_interval: stats_flush_interval must be/);
    assert.match(found[1]!, /^--config-yaml:3:31: static_resources\.clusters\[0\]\.nme: /);
  });

  it("takes the node of the command line over that of the configuration", () => {
    const outcome = compile("node: {id: one, cluster: c}", { node: { id: "cli", zone: "z" } });
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.bootstrap.node, {
      id: "cli",
      cluster: "c",
      region: "",
      zone: "z",
      subZone: "",
      metadata: {},
    });
  });

  it("sends only the data of resources the caller does not know", () => {
    const first = compile(CLUSTERS);
    assert.ok(first.ok);
    const known = new Map(first.resources.map((each) => [resourceKey(each), each.hash]));
    const same = compile(CLUSTERS, { known });
    assert.ok(same.ok);
    assert.deepEqual(same.resources, first.resources);
    assert.deepEqual(same.changed, []);
    const other = compile(CLUSTERS.replace("1s", "2s"), { known });
    assert.ok(other.ok);
    assert.deepEqual(other.changed.map(resourceKey), ["cluster a"]);
  });

  it("gives equal hashes to equal settings, however they are written", () => {
    const one = compile("static_resources:\n  clusters:\n  - name: a\n    connect_timeout: 1s\n");
    const two = compile("# comment\nstatic_resources: {clusters: {connectTimeout: {seconds: 1}, name: a}}");
    assert.ok(one.ok && two.ok);
    assert.deepEqual(two.resources, one.resources);
  });

  it("keeps the warnings of items that it does not compile again, at their new lines", () => {
    const compiler = new ConfigurationCompiler(sampleTable);
    const run = (content: string): string[] => problems(compiler.compile({ texts: [{ file: "a.yaml", content }] }));
    assert.deepEqual(run("static_resources:\n  clusters:\n  - name: odd\n"), [
      "a.yaml:3:5: warning: static_resources.clusters[0].name: odd is an odd name",
    ]);
    assert.deepEqual(run("static_resources:\n  clusters:\n\n  - name: b\n  - name: odd\n"), [
      "a.yaml:5:5: warning: static_resources.clusters[1].name: odd is an odd name",
    ]);
  });

  it("reads files, and says why it can't", () => {
    const folder = mkdtempSync(join(tmpdir(), "troupe-"));
    try {
      const path = join(folder, "a.yaml");
      writeFileSync(path, CLUSTERS);
      const compiler = new ConfigurationCompiler(sampleTable);
      assert.equal(compiler.compile({ path }).ok, true);
      const gone = join(folder, "none.yaml");
      assert.deepEqual(problems(compiler.compile({ path: gone })), [
        `${gone}: no such file (-c names the configuration file)`,
      ]);
      assert.deepEqual(problems(compiler.compile({ path: folder })), [
        `${folder}: is a directory (-c names the configuration file)`,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const unreadable: { name: string; file: string; content: string | Uint8Array; problem: RegExp }[] = [
    { name: "an empty text", file: "a.yaml", content: " \n", problem: /^a\.yaml: the configuration is empty$/ },
    { name: "a text that is no map", file: "a.yaml", content: "[1]", problem: /^a\.yaml:1:1: expected a map/ },
    { name: "100 MB", file: "a.yaml", content: "#".repeat(100_000_000), problem: /^a\.yaml: larger than 48 MiB/ },
    {
      name: "bytes that are no UTF-8",
      file: "a.yaml",
      content: Uint8Array.of(0xff, 0xfe),
      problem: /not valid UTF-8$/,
    },
    {
      name: "bad binary",
      file: "a.pb",
      content: Uint8Array.of(0x0a, 0xff),
      problem: /^a\.pb: not a binary envoy\.config/,
    },
    {
      name: "an unknown field in binary",
      file: "a.pb",
      content: Uint8Array.of(0xf8, 0x7f, 1),
      problem: /has no field number 2047$/,
    },
    { name: "text protobuf", file: "a.pb_text", content: "x", problem: /text format is not supported/ },
  ];
  for (const { name, file, content, problem } of unreadable) {
    it(`refuses ${name}`, () => {
      const outcome = new ConfigurationCompiler(sampleTable).compile({ texts: [{ file, content }] });
      assert.equal(outcome.ok, false);
      assert.match(problems(outcome)[0]!, problem);
    });
  }
});
