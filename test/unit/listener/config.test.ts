import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonValue } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { ItemCompiler } from "../../../src/config/compiler/item-compiler.ts";
import { unpackResource } from "../../../src/config/compiler/resource-packing.ts";
import { extensionConfig } from "../../../src/config/extension-config.ts";
import { ExtensionIndex } from "../../../src/config/extension-index.ts";
import { supportTables } from "../../../src/config/support-walk.ts";
import { proxyProtocolConfig } from "../../../src/extensions/listener/proxy_protocol/config.ts";
import { tlsInspectorConfig } from "../../../src/extensions/listener/tls_inspector/config.ts";
import { rawBufferConfig } from "../../../src/extensions/transport_sockets/raw_buffer/config.ts";
import { listenerCompiler } from "../../../src/listener/config.ts";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import { listeningSocketSpecs } from "../../../src/listener/listening-socket-spec.ts";
import { EchoSchema } from "../../../src/proto/gen/envoy/extensions/filters/network/echo/v3/echo_pb.js";
import { SniClusterSchema } from "../../../src/proto/gen/envoy/extensions/filters/network/sni_cluster/v3/sni_cluster_pb.js";
import { clusterCompiler, loadAssignmentCompiler } from "../../../src/upstream/config.ts";
import { matchSample } from "./listener-sample.ts";

const INSPECTOR = "envoy.filters.listener.tls_inspector";
const PROXY = "envoy.filters.listener.proxy_protocol";
const categories = ["envoy.filters.network"] as const;
const extensions = [
  extensionConfig({ name: "last", categories, schema: EchoSchema, support: [], terminal: true, compile: () => "last" }),
  extensionConfig({ name: "between", categories, schema: SniClusterSchema, support: [], compile: () => "between" }),
  rawBufferConfig,
  tlsInspectorConfig,
  proxyProtocolConfig,
];
const compiler = new ItemCompiler({
  listener: listenerCompiler,
  cluster: clusterCompiler,
  loadAssignment: loadAssignmentCompiler,
  extensions,
  support: [],
});

function compile(yaml: string, allowUnsupported = false) {
  const result = compiler.compile(
    { kind: "listener", list: "listeners", index: 0, key: yaml },
    { value: parse(yaml) as JsonValue, locate: () => ({ line: 1, column: 1, matched: 0 }) },
    {
      facts: { nodeId: "", nodeCluster: "", nodeZone: "", directory: "/", secrets: {} },
      extensions: new ExtensionIndex(extensions, supportTables([])),
      allowUnsupported,
    },
  );
  const packed = result.resources[0]?.data;
  return {
    data: packed === undefined ? undefined : (unpackResource(packed) as ListenerData),
    name: result.name,
    problems: result.problems.map(({ severity, place, message }) => `${severity} ${place}: ${message}`),
  };
}

const ADDRESS = "address: { socket_address: { address: 127.0.0.1, port_value: 8080 } }";
const CHAINS = "filter_chains: [{ filters: [{ name: last }] }]";

describe("Compiling a listener", () => {
  it("fills in the defaults", () => {
    const { data, problems } = compile(`{ name: a, ${ADDRESS}, ${CHAINS} }`);
    assert.deepEqual(problems, []);
    assert.deepEqual(data, {
      name: "a",
      statPrefix: "127.0.0.1:8080",
      addresses: [{ address: { type: "ip", ip: "127.0.0.1", port: 8080 }, ipv6Only: false }],
      bindToPort: true,
      useOriginalDst: false,
      backlog: 65_535,
      reusePort: true,
      balance: "reusePort",
      bufferLimitBytes: 1_048_576,
      drainType: "default",
      ignoreGlobalConnectionLimit: false,
      bypassOverloadManager: false,
      trafficDirection: "unspecified",
      accessLogs: [],
      listenerFilters: [],
      listenerFiltersTimeoutMs: 15_000,
      udp: null,
      continueOnListenerFiltersTimeout: false,
      chains: [
        {
          name: "",
          match: null,
          filters: [{ name: "last", extension: "last", data: "last", terminal: true }],
          transportSocket: null,
          transportSocketConnectTimeoutMs: 0,
        },
      ],
      defaultChain: null,
    });
  });

  it("takes what the configuration says", () => {
    const { data, problems } = compile(`
      name: a
      stat_prefix: in
      address: { socket_address: { address: "::1", port_value: 0 } }
      additional_addresses:
        - address: { socket_address: { address: "::", port_value: 1, ipv4_compat: true } }
        - address: { pipe: { path: "@abstract", mode: 384 } }
      tcp_backlog_size: 10
      connection_balance_config: { exact_balance: {} }
      per_connection_buffer_limit_bytes: 0
      drain_type: MODIFY_ONLY
      traffic_direction: OUTBOUND
      default_filter_chain:
        name: rest
        transport_socket: { name: envoy.transport_sockets.raw_buffer }
        filters: [{ name: between }, { name: last }]
    `);
    assert.deepEqual(problems, []);
    assert.deepEqual(data?.addresses, [
      { address: { type: "ip", ip: "::1", port: 0 }, ipv6Only: true },
      { address: { type: "ip", ip: "::", port: 1 }, ipv6Only: false },
      { address: { type: "pipe", path: "@abstract", mode: 384 }, ipv6Only: false },
    ]);
    assert.equal(data?.statPrefix, "in");
    assert.equal(data?.backlog, 10);
    assert.equal(data?.balance, "exact");
    assert.equal(data?.reusePort, true);
    assert.equal(data?.bufferLimitBytes, 0);
    assert.equal(data?.drainType, "modifyOnly");
    assert.equal(data?.trafficDirection, "outbound");
    assert.deepEqual(data?.chains, []);
    assert.equal(data?.defaultChain?.name, "rest");
    assert.equal(data?.defaultChain?.transportSocket, null);
    assert.deepEqual(
      data?.defaultChain?.filters.map((filter) => filter.data),
      ["between", "last"],
    );
  });

  it("accepts in one place without SO_REUSEPORT", () => {
    const { data } = compile(`{ ${ADDRESS}, ${CHAINS}, enable_reuse_port: false }`);
    assert.equal(data?.reusePort, false);
    assert.equal(data?.balance, "exact");
  });

  it("takes the socket options that Node.js can set, for each address", () => {
    const { data, problems } = compile(`
      ${ADDRESS}
      additional_addresses:
        - address: { socket_address: { address: "::1", port_value: 8080 } }
        - address: { socket_address: { address: "::1", port_value: 8081 } }
          socket_options: { socket_options: [{ level: 41, name: 67, int_value: 32 }] }
        - address: { socket_address: { address: "::1", port_value: 8082 } }
          socket_options: {}
        - address: { pipe: { path: "@abstract" } }
      socket_options:
        - { level: 1, name: 9, int_value: 1, state: STATE_PREBIND }
        - { description: TCP_KEEPIDLE, level: 6, name: 4, int_value: 30, state: STATE_LISTENING }
        - { level: 6, name: 5, int_value: 10 }
        - { level: 6, name: 6, int_value: 3 }
        - { level: 6, name: 1, int_value: 1 }
        - { level: 1, name: 2, int_value: 1 }
      ${CHAINS}
    `);
    const all = { keepAlive: { idleS: 30, intervalS: 10, count: 3 }, typeOfService: null };
    assert.deepEqual(
      data?.addresses.map(({ socketOptions }) => socketOptions),
      [all, all, { keepAlive: null, typeOfService: 32 }, undefined, undefined],
    );
    assert.deepEqual(problems, [
      "warning additional_addresses[3].address: socket_options have no effect on Unix-domain sockets",
    ]);
  });

  for (const [option, problem] of [
    ["level: 1, name: 8, int_value: 4096", "socket_options[0]: Node.js can't set SO_RCVBUF"],
    ["level: 1, name: 15, int_value: 1", "socket_options[0]: Node.js can't set SO_REUSEPORT"],
    ["level: 263, name: 1, int_value: 1", "socket_options[0]: Node.js can't set the socket option 1 of level 263"],
    ["level: 6, name: 1, int_value: 0", "socket_options[0].int_value: TCP_NODELAY is always 1"],
    ["level: 6, name: 4, int_value: 0", "socket_options[0].int_value: TCP_KEEPIDLE must be a number from 1 to 32767"],
    ["level: 0, name: 1, int_value: 256", "socket_options[0].int_value: IP_TOS must be a number from 0 to 255"],
  ] as const) {
    it(`refuses the socket option ${option}`, () => {
      const { problems } = compile(`{ ${ADDRESS}, socket_options: [{ ${option} }], ${CHAINS} }`);
      assert.deepEqual(problems, [`error ${problem}`]);
    });
  }

  it("names a listener without a name after its address", () => {
    assert.equal(compile(`{ ${ADDRESS}, ${CHAINS} }`).name, "127.0.0.1:8080");
    assert.equal(compile(`{ address: { pipe: { path: /run/x } }, ${CHAINS} }`).name, "/run/x");
  });

  const rows: readonly { name: string; yaml: string; problem: string }[] = [
    {
      name: "a host name",
      yaml: `address: { socket_address: { address: localhost, port_value: 1 } }, ${CHAINS}`,
      problem: 'error address.socket_address.address: "localhost" is not an IP address',
    },
    {
      name: "a named port",
      yaml: `address: { socket_address: { address: 127.0.0.1, named_port: http } }, ${CHAINS}`,
      problem:
        "error address.socket_address.named_port: named_port is not supported yet: there are no resolvers that know port names",
    },
    { name: "no address", yaml: CHAINS, problem: "error address: a listener needs an address" },
    { name: "no chain", yaml: ADDRESS, problem: "error filter_chains: a listener needs a filter chain" },
    {
      name: "two chains for the same connections",
      yaml: `${ADDRESS}, filter_chains: [{ filters: [{ name: last }] }, { filters: [{ name: last }] }]`,
      problem:
        "error filter_chains[1]: takes connections that filter_chains[0] takes, too: their filter_chain_match is the same or overlaps",
    },
    {
      name: "chains that overlap in one of their ranges",
      yaml: `${ADDRESS}, filter_chains: [
        { filter_chain_match: { source_ports: [1, 2] }, filters: [{ name: last }] },
        { filter_chain_match: { source_ports: [3] }, filters: [{ name: last }] },
        { filter_chain_match: { source_ports: [3, 2] }, filters: [{ name: last }] }]`,
      problem:
        "error filter_chains[2]: takes connections that filter_chains[1] takes, too: their filter_chain_match is the same or overlaps",
    },
    {
      name: "a range of no addresses",
      yaml: `${ADDRESS}, filter_chains: [{ filter_chain_match: { prefix_ranges: [{ address_prefix: here }] }, filters: [{ name: last }] }]`,
      problem: 'error filter_chains[0].filter_chain_match.prefix_ranges[0]: "here" is not an IP address',
    },
    {
      name: "a prefix that is too long",
      yaml: `${ADDRESS}, filter_chains: [{ filter_chain_match: { source_prefix_ranges: [{ address_prefix: 10.0.0.0, prefix_len: 33 }] }, filters: [{ name: last }] }]`,
      problem: "error filter_chains[0].filter_chain_match.source_prefix_ranges[0]: prefix length 33 is more than 32",
    },
    {
      name: "what Envoy has not implemented either",
      yaml: `${ADDRESS}, filter_chains: [{ filter_chain_match: { suffix_len: 8 }, filters: [{ name: last }] }]`,
      problem: "error filter_chains[0].filter_chain_match.suffix_len: suffix_len is not supported yet",
    },
    {
      name: "a terminal filter that is not the last",
      yaml: `${ADDRESS}, filter_chains: [{ filters: [{ name: last }, { name: last }] }]`,
      problem: "error filter_chains[0].filters[0]: nothing can follow last: it ends its filter chain",
    },
    {
      name: "a last filter that is not terminal",
      yaml: `${ADDRESS}, filter_chains: [{ filters: [{ name: between }] }]`,
      problem: "error filter_chains[0].filters[0]: between can't be the last filter: it passes connections on",
    },
    {
      name: "a path that is too long",
      yaml: `address: { pipe: { path: /${"x".repeat(107)} } }, ${CHAINS}`,
      problem: "error address.pipe.path: the path is too long for a Unix-domain socket",
    },
    {
      name: "transparent sockets",
      yaml: `${ADDRESS}, ${CHAINS}, transparent: true`,
      problem: "error transparent: transparent true is not supported yet",
    },
  ];
  for (const { name, yaml, problem } of rows) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(compile(`{ name: a, ${yaml} }`).problems, [problem]);
    });
  }

  it("warns of a chain that closes every connection", () => {
    assert.deepEqual(compile(`{ ${ADDRESS}, filter_chains: [{}] }`).problems, [
      "warning filter_chains[0].filters: a chain without filters closes its connections at once",
    ]);
  });

  it("gives no connection to a chain whose conditions it leaves out under --allow-unsupported", () => {
    const chains = `filter_chains: [{ name: x, filter_chain_match: { suffix_len: 1 }, filters: [{ name: last }] }, { name: y, filters: [{ name: last }] }]`;
    const { data } = compile(`{ ${ADDRESS}, ${chains} }`, true);
    assert.deepEqual(
      data?.chains.map(({ name }) => name),
      ["y"],
    );
  });

  it("reads the conditions of chains", () => {
    const { data, problems } = compile(`{ ${ADDRESS}, filter_chains: [{ filters: [{ name: last }], filter_chain_match: {
      destination_port: 443, prefix_ranges: [{ address_prefix: "::1", prefix_len: 128 }], transport_protocol: raw_buffer,
      direct_source_prefix_ranges: [{ address_prefix: 10.0.0.0, prefix_len: 8 }], source_type: EXTERNAL,
      source_prefix_ranges: [{ address_prefix: 10.0.0.0 }], source_ports: [1, 2, 1] } }] }`);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      data?.chains[0]?.match,
      matchSample({
        destinationPort: 443,
        destinationRanges: [{ address: "::1", prefixLength: 128 }],
        transportProtocol: "raw_buffer",
        directSourceRanges: [{ address: "10.0.0.0", prefixLength: 8 }],
        sourceType: "external",
        sourceRanges: [{ address: "10.0.0.0", prefixLength: 0 }],
        sourcePorts: [1, 2],
      }),
    );
  });

  it("takes use_original_dst only where a PROXY protocol header says the destination", () => {
    const { problems } = compile(`{ ${ADDRESS}, ${CHAINS}, use_original_dst: true }`);
    assert.deepEqual(problems, [
      "error use_original_dst: where a redirected connection was meant to go can't be known: Node.js has no way to ask a socket for SO_ORIGINAL_DST",
    ]);
    const known = compile(
      `{ ${ADDRESS}, ${CHAINS}, use_original_dst: true, listener_filters: [{ name: ${PROXY}, filter_disabled: { and_match: { rules: [{ any_match: true }, { not_match: { destination_port_range: { start: 1, end: 3 } } }, { or_match: { rules: [{ any_match: true }, { any_match: true }] } }] } } }] }`,
    );
    assert.deepEqual(known.problems, []);
    assert.equal(known.data?.useOriginalDst, true);
    assert.deepEqual(known.data?.listenerFilters[0]?.disabled, {
      type: "and",
      rules: [
        { type: "any" },
        { type: "not", rule: { type: "ports", start: 1, end: 3 } },
        { type: "or", rules: [{ type: "any" }, { type: "any" }] },
      ],
    });
  });

  it("has no sockets without bind_to_port, in both spellings, and adds the filter of use_proxy_proto", () => {
    for (const text of ["bind_to_port: false", "deprecated_v1: { bind_to_port: false }"]) {
      const { data, problems } = compile(`{ ${ADDRESS}, ${CHAINS}, ${text} }`);
      assert.deepEqual(problems, []);
      assert.deepEqual(listeningSocketSpecs(data!), []);
    }
    const proxied = compile(`{ ${ADDRESS}, filter_chains: [{ use_proxy_proto: true, filters: [{ name: last }] }] }`);
    assert.deepEqual(
      proxied.data?.listenerFilters.map(({ filter }) => filter.extension),
      [PROXY],
    );
  });

  it("adds the TLS inspector where chains need it, and says so", () => {
    const chains = (match: string) => `filter_chains: [{ filter_chain_match: ${match}, filters: [{ name: last }] }]`;
    for (const match of [
      "{ server_names: ['*.A.b', c] }",
      "{ application_protocols: [h2] }",
      "{ transport_protocol: tls }",
    ]) {
      const { data, problems } = compile(`{ ${ADDRESS}, ${chains(match)} }`);
      assert.deepEqual(
        data?.listenerFilters.map(({ filter }) => filter.extension),
        [INSPECTOR],
      );
      assert.deepEqual(problems, [
        `warning listener_filters: filter chains ask what a TLS client says first: ${INSPECTOR} is added`,
      ]);
      const said = compile(
        `{ ${ADDRESS}, ${chains(match)}, listener_filters: [{ name: ${INSPECTOR} }], listener_filters_timeout: 0s, continue_on_listener_filters_timeout: true }`,
      );
      assert.deepEqual(said.problems, []);
      assert.equal(said.data?.listenerFilters.length, 1);
      assert.equal(said.data?.listenerFiltersTimeoutMs, 0);
      assert.equal(said.data?.continueOnListenerFiltersTimeout, true);
    }
    const { data } = compile(`{ ${ADDRESS}, ${chains("{ server_names: ['*.A.b', c] }")} }`);
    assert.deepEqual(data?.chains[0]?.match?.serverNames, [".a.b", "c"]);
  });

  it("takes empty conditions and those that plain connections meet", () => {
    for (const match of ["{}", "{ transport_protocol: raw_buffer }"]) {
      const { data, problems } = compile(
        `{ ${ADDRESS}, filter_chains: [{ filter_chain_match: ${match}, filters: [{ name: last }] }] }`,
      );
      assert.deepEqual(problems, []);
      assert.equal(data?.chains.length, 1);
    }
  });
});
