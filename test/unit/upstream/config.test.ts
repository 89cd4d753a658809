import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { pack, unpack } from "msgpackr";
import { DEFAULT_HTTP2_PROTOCOL } from "../../../src/http/http2/codec-options.ts";
import { ClusterSchema } from "../../../src/proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { ClusterData } from "../../../src/upstream/cluster-data.ts";
import { clusterCompiler } from "../../../src/upstream/config.ts";
import { clusterData, DEFAULT_THRESHOLDS, endpointData } from "./cluster-fixture.ts";
import { compileCluster as compile } from "./compile-cluster.ts";

function endpoint(address: string, port: number, more: JsonObject = {}): JsonObject {
  return { endpoint: { address: { socketAddress: { address, portValue: port } } }, ...more };
}

function several(address: string, ...additional: [address: string, portValue: number][]): JsonObject {
  const socketAddress = (ip: string, portValue: number) => ({ address: { socketAddress: { address: ip, portValue } } });
  const additionalAddresses = additional.map(([ip, portValue]) => socketAddress(ip, portValue));
  return { endpoint: { ...socketAddress(address, 80), additionalAddresses } };
}

function assignment(...endpoints: JsonObject[]): JsonObject {
  return { loadAssignment: { clusterName: "any", endpoints: [{ lbEndpoints: endpoints }] } };
}

function httpOptions(options: JsonObject): JsonObject {
  const type = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return {
    typedExtensionProtocolOptions: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": { "@type": type, ...options },
    },
  };
}

describe("A compiled cluster", () => {
  it("has Envoy's defaults where nothing is said, STATIC being one of them", () => {
    const { data, problems } = compile(assignment(endpoint("127.0.0.1", 8080)));
    assert.deepEqual(problems, []);
    assert.deepEqual(data, clusterData([endpointData(8080)]));
  });

  it("knows the additional addresses of its endpoints", () => {
    const { data, problems } = compile(assignment(several("10.0.0.1", ["::1", 80], ["10.0.0.2", 80])));
    assert.deepEqual(problems, []);
    assert.deepEqual(data.endpoints[0]!.additionalIps, ["::1", "10.0.0.2"]);
  });

  it("survives packing", () => {
    const { data } = compile({
      ...assignment(endpoint("::1", 80, { metadata: { filterMetadata: { "envoy.lb": { stage: "prod" } } } })),
      metadata: { filterMetadata: { constructor: { a: [1, null] } } },
    });
    assert.deepEqual(unpack(pack(data)), data);
    assert.deepEqual(data.endpoints[0]!.metadata, [["envoy.lb", { stage: "prod" }]]);
  });

  it("holds what its endpoints say of themselves", () => {
    const { data, problems } = compile({
      loadAssignment: {
        clusterName: "one",
        policy: { overprovisioningFactor: 200 },
        endpoints: [
          {
            locality: { region: "eu", zone: "eu-1", subZone: "a" },
            priority: 1,
            lbEndpoints: [
              {
                endpoint: { hostname: "a.test", address: { pipe: { path: "/run/a.sock" } } },
                healthStatus: "DRAINING",
                loadBalancingWeight: 7,
              },
            ],
          },
        ],
      },
    });
    assert.deepEqual(problems, []);
    assert.equal(data.priorityLoad.overprovisioningFactorPercent, 200);
    assert.deepEqual(data.endpoints, [
      {
        address: { type: "pipe", path: "/run/a.sock", mode: 0 },
        hostname: "a.test",
        weight: 7,
        priority: 1,
        locality: { region: "eu", zone: "eu-1", subZone: "a" },
        localityWeight: 0,
        healthStatus: "draining",
        healthCheck: null,
        metadata: [],
      },
    ]);
  });

  const settings: readonly { name: string; json: JsonObject; expected: Partial<ClusterData> }[] = [
    { name: "connect_timeout", json: { connectTimeout: "0.25s" }, expected: { connectTimeoutMs: 250 } },
    { name: "alt_stat_name", json: { altStatName: "other" }, expected: { observabilityName: "other" } },
    { name: "RANDOM", json: { lbPolicy: "RANDOM" }, expected: { loadBalancer: { type: "random" } } },
    {
      name: "LEAST_REQUEST",
      json: { lbPolicy: "LEAST_REQUEST", leastRequestLbConfig: { choiceCount: 5 } },
      expected: {
        loadBalancer: { type: "leastRequest", choiceCount: 5, activeRequestBias: 1, fullScan: false, slowStart: null },
      },
    },
    {
      name: "RING_HASH",
      json: {
        lbPolicy: "RING_HASH",
        ringHashLbConfig: { minimumRingSize: "2048", maximumRingSize: "4096", hashFunction: "MURMUR_HASH_2" },
        commonLbConfig: { consistentHashingLbConfig: { useHostnameForHashing: true, hashBalanceFactor: 150 } },
      },
      expected: {
        loadBalancer: {
          type: "ringHash",
          ring: { minRingSize: 2048, maxRingSize: 4096, hashFunction: "murmurHash2", useHostname: true },
          balanceFactorPercent: 150,
        },
      },
    },
    {
      name: "MAGLEV",
      json: { lbPolicy: "MAGLEV", maglevLbConfig: { tableSize: "1009" } },
      expected: {
        loadBalancer: {
          type: "maglev",
          table: { tableSize: 1009, useHostname: false },
          balanceFactorPercent: 0,
        },
      },
    },
    {
      name: "thresholds of both priorities",
      json: {
        circuitBreakers: {
          thresholds: [
            {
              maxConnections: 1,
              maxPendingRequests: 2,
              maxRequests: 3,
              maxRetries: 4,
              retryBudget: { budgetPercent: { value: 12.5 } },
              maxConnectionPools: 5,
              trackRemaining: true,
            },
            { priority: "HIGH", maxRequests: 0 },
          ],
        },
      },
      expected: {
        circuitBreakers: {
          default: {
            maxConnections: 1,
            maxPendingRequests: 2,
            maxRequests: 3,
            maxRetries: 4,
            retryBudget: { budgetPercent: 12.5, minRetryConcurrency: 3 },
            maxConnectionPools: 5,
            trackRemaining: true,
          },
          high: { ...DEFAULT_THRESHOLDS, maxRequests: 0 },
        },
      },
    },
    {
      name: "limits of each host, for which the hosts come by membership",
      json: {
        circuitBreakers: { perHostThresholds: [{ maxConnections: 7 }, { priority: "HIGH", maxConnections: 9 }] },
      },
      expected: { discovery: "dynamic", hostConnectionLimits: { default: 7, high: 9 } },
    },
    {
      name: "panic settings",
      json: {
        commonLbConfig: { healthyPanicThreshold: { value: 12.5 }, zoneAwareLbConfig: { failTrafficOnPanic: true } },
      },
      expected: {
        priorityLoad: {
          panicThresholdPercent: 12.5,
          overprovisioningFactorPercent: 140,
          weightedPriorityHealth: false,
        },
        locality: {
          type: "zoneAware",
          localCluster: "",
          ownLocality: { region: "", zone: "", subZone: "" },
          routingEnabledPercent: 100,
          minClusterSize: 6,
          failTrafficOnPanic: true,
        },
      },
    },
    {
      name: "the old protocol fields",
      json: {
        commonHttpProtocolOptions: {
          idleTimeout: "0s",
          maxConnectionDuration: "5s",
          maxStreamDuration: "7s",
          maxRequestsPerConnection: 9,
        },
      },
      expected: {
        idleTimeoutMs: 0,
        maxConnectionDurationMs: 5000,
        maxStreamDurationMs: 7000,
        maxRequestsPerConnection: 9,
      },
    },
    {
      name: "HttpProtocolOptions",
      json: httpOptions({
        commonHttpProtocolOptions: { idleTimeout: "60s" },
        explicitHttpConfig: { httpProtocolOptions: {} },
      }),
      expected: { idleTimeoutMs: 60_000 },
    },
    {
      name: "max_requests_per_connection of the cluster",
      json: { maxRequestsPerConnection: 3 },
      expected: { maxRequestsPerConnection: 3 },
    },
  ];
  for (const { name, json, expected } of settings) {
    it(`takes over ${name}`, () => {
      const { data, problems } = compile(json);
      assert.deepEqual(problems, []);
      assert.deepEqual({ ...data, ...expected }, data);
    });
  }

  const protocols: readonly (readonly [name: string, json: JsonObject, protocol: string, streams: number])[] = [
    ["nothing", {}, "http1", 1024],
    ["http_protocol_options", { httpProtocolOptions: {} }, "http1", 1024],
    ["http2_protocol_options", { http2ProtocolOptions: { maxConcurrentStreams: 7 } }, "http2", 7],
    ["protocol_selection", { protocolSelection: "USE_DOWNSTREAM_PROTOCOL" }, "downstream", 1024],
    [
      "explicit_http_config",
      httpOptions({ explicitHttpConfig: { http2ProtocolOptions: { maxConcurrentStreams: 7 } } }),
      "http2",
      7,
    ],
    [
      "use_downstream_protocol_config",
      httpOptions({ useDownstreamProtocolConfig: { http2ProtocolOptions: { maxConcurrentStreams: 7 } } }),
      "downstream",
      7,
    ],
  ];
  for (const [name, json, protocol, streams] of protocols) {
    it(`speaks ${protocol} by ${name}`, () => {
      const { data, problems } = compile(json);
      assert.deepEqual(problems, []);
      const { httpProtocol, http2 } = data.connectionSettings;
      assert.deepEqual([httpProtocol, http2.maxConcurrentStreams], [protocol, streams]);
    });
  }

  it("keeps TCP keep-alive, buffer limit and trailers as settings of its connections", () => {
    const { data, problems } = compile({
      perConnectionBufferLimitBytes: 4096,
      upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 30 } },
      httpProtocolOptions: { enableTrailers: true },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(data.connectionSettings, {
      perConnectionBufferLimitBytes: 4096,
      tcpKeepalive: { timeS: 30, intervalS: 75, probes: 9 },
      sourceAddresses: [],
      transportSocket: null,
      transportSocketMatches: [],
      maxResponseHeadersBytes: 81_920,
      maxResponseHeadersCount: 100,
      enableTrailers: true,
      keyFormat: null,
      sendFullyQualifiedUrl: false,
      autoTls: null,
      poolPerDownstreamConnection: false,
      httpProtocol: "http1",
      http2: DEFAULT_HTTP2_PROTOCOL,
    });
  });
});

describe("A cluster that can't be compiled", () => {
  const at = "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address";
  const eyeballs = "upstream_connection_options.happy_eyeballs_config";
  const more = at.replace(/address$/, "additional_addresses");
  const rows: readonly { name: string; json: JsonObject; problems: readonly string[] }[] = [
    {
      name: "a name where an address must be",
      json: assignment(endpoint("backend.test", 80)),
      problems: [`error ${at}.socket_address.address: "backend.test" is not an IP address`],
    },
    {
      name: "port 0",
      json: assignment(endpoint("10.0.0.1", 0)),
      problems: [`error ${at}.socket_address.port_value: an endpoint can't have port 0`],
    },
    {
      name: "additional addresses with other ports, or of no IP",
      json: assignment(several("10.0.0.1", ["10.0.0.2", 81], ["b.test", 80])),
      problems: [
        `error ${more}[0].address: an additional address must be an IP address with the port of the first one`,
        `error ${more}[1].address.socket_address.address: "b.test" is not an IP address`,
      ],
    },
    {
      name: "additional addresses of a name",
      json: { type: "STRICT_DNS", ...assignment(several("a.test", ["10.0.0.2", 80])) },
      problems: [`error ${more}: a cluster that looks names up has the addresses that it finds`],
    },
    {
      name: "additional addresses with a source address, and other turns of IP families",
      json: {
        upstreamBindConfig: { sourceAddress: { address: "10.0.0.9", portValue: 0 } },
        upstreamConnectionOptions: {
          happyEyeballsConfig: { firstAddressFamilyVersion: "V4", firstAddressFamilyCount: 2 },
        },
        ...assignment(several("10.0.0.1", ["::1", 80])),
      },
      problems: [
        `error ${eyeballs}.first_address_family_version: first_address_family_version V4 is not supported yet`,
        `error ${eyeballs}.first_address_family_count: first_address_family_count 2 is not supported yet`,
        "error load_assignment: additional_addresses don't go with a source address: Node.js binds connections to one address only",
      ],
    },
    {
      name: "a path too long for a socket",
      json: assignment({ endpoint: { address: { pipe: { path: `/${"x".repeat(107)}` } } } }),
      problems: [`error ${at}.pipe.path: the path is too long for a Unix-domain socket`],
    },
    {
      name: "endpoints from nowhere",
      json: { type: "EDS" },
      problems: ["error eds_cluster_config: an EDS cluster needs an eds_config"],
    },
    {
      name: "endpoints from ADS",
      json: { type: "EDS", edsClusterConfig: { edsConfig: { ads: {} } } },
      problems: ["error eds_cluster_config.eds_config.ads: ads is not supported yet: ADS comes with xDS"],
    },
    {
      name: "a logical name with two endpoints",
      json: { type: "LOGICAL_DNS", ...assignment(endpoint("a.test", 80), endpoint("b.test", 80)) },
      problems: ["error load_assignment: a LOGICAL_DNS cluster has exactly one endpoint"],
    },
    {
      name: "a policy that is not there",
      json: { lbPolicy: "CLUSTER_PROVIDED" },
      problems: [
        "error lb_policy: CLUSTER_PROVIDED is for clusters of type ORIGINAL_DST and for aggregate clusters only",
      ],
    },
    {
      name: "a transport socket that says not what it is",
      json: { transportSocket: { name: "tls" } },
      problems: ["error transport_socket: typed_config is required"],
    },
    {
      name: "HTTP/3",
      json: httpOptions({ explicitHttpConfig: { http3ProtocolOptions: {} } }),
      problems: [
        'error typed_extension_protocol_options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"].explicit_http_config.http3_protocol_options: http3_protocol_options is not supported yet: there is no HTTP/3',
      ],
    },
    {
      name: "protocol options in two places",
      json: {
        ...httpOptions({ explicitHttpConfig: { httpProtocolOptions: {} } }),
        commonHttpProtocolOptions: { idleTimeout: "1s" },
      },
      problems: [
        "error common_http_protocol_options: typed_extension_protocol_options says how this cluster speaks HTTP; these settings would be ignored",
      ],
    },
    {
      name: "two thresholds for one priority",
      json: { circuitBreakers: { thresholds: [{ maxRetries: 1 }, { maxRetries: 2 }] } },
      problems: ["warning circuit_breakers.thresholds[1]: there are thresholds for DEFAULT above; these are unused"],
    },
    {
      name: "settings of another policy",
      json: { leastRequestLbConfig: {} },
      problems: ["warning lb_policy: the settings of LEAST_REQUEST are unused: lb_policy is ROUND_ROBIN"],
    },
    {
      name: "breakers of each host for what Envoy does not limit there",
      json: { circuitBreakers: { perHostThresholds: [{ maxRequests: 1 }] } },
      problems: ["error circuit_breakers.per_host_thresholds[0].max_requests: max_requests is not supported yet"],
    },
    {
      name: "a ring whose least size is above its greatest",
      json: { lbPolicy: "RING_HASH", ringHashLbConfig: { minimumRingSize: "20", maximumRingSize: "10" } },
      problems: [
        "error ring_hash_lb_config.minimum_ring_size: the minimum size of the ring (20) is above its maximum (10)",
      ],
    },
    {
      name: "a Maglev table whose size is no prime number",
      json: { lbPolicy: "MAGLEV", maglevLbConfig: { tableSize: "8" } },
      problems: ["error maglev_lb_config.table_size: 8 is not a prime number"],
    },
    {
      name: "an ORIGINAL_DST cluster with another policy",
      json: { type: "ORIGINAL_DST", originalDstLbConfig: { useHttpHeader: true } },
      problems: ["error lb_policy: an ORIGINAL_DST cluster needs CLUSTER_PROVIDED"],
    },
    {
      name: "an ORIGINAL_DST cluster without a header",
      json: { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED" },
      problems: [
        "error original_dst_lb_config.use_http_header: where a redirected connection was going is not found out yet",
      ],
    },
    {
      name: "a header that is not used",
      json: { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED", originalDstLbConfig: { httpHeaderName: "x-to" } },
      problems: ["error original_dst_lb_config.http_header_name: the header is not used"],
    },
    {
      name: "an ORIGINAL_DST cluster with endpoints, and port 0",
      json: {
        type: "ORIGINAL_DST",
        lbPolicy: "CLUSTER_PROVIDED",
        originalDstLbConfig: { useHttpHeader: true, upstreamPortOverride: 0 },
        ...assignment(endpoint("10.0.0.1", 80)),
      },
      problems: [
        "error load_assignment: an ORIGINAL_DST cluster has no endpoints of its own",
        "error original_dst_lb_config.upstream_port_override: port 0 can't be connected to",
      ],
    },
  ];
  for (const { name, json, problems } of rows) {
    it(`says where and why: ${name}`, () => assert.deepEqual(compile(json).problems, problems));
  }

  it("may leave the choice of its hosts to a header, by default Envoy's", () => {
    const json = { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED" };
    const plain = compile({ ...json, originalDstLbConfig: { useHttpHeader: true } });
    assert.deepEqual(plain.problems, []);
    assert.deepEqual(plain.data.originalDst, {
      header: "x-envoy-original-dst-host",
      portOverride: null,
      cleanupIntervalMs: 5000,
    });
    const all = { useHttpHeader: true, httpHeaderName: "X-To", upstreamPortOverride: 8080 };
    const { originalDst } = compile({ ...json, originalDstLbConfig: all, cleanupInterval: "1s" }).data;
    assert.deepEqual(originalDst, { header: "x-to", portOverride: 8080, cleanupIntervalMs: 1000 });
  });

  it("is not blamed for names if its type is what is not supported, unless that is let through", () => {
    const typedConfig = { "@type": "type.googleapis.com/google.protobuf.Empty" };
    const json = { clusterType: { name: "own", typedConfig }, ...assignment(endpoint("backend.test", 80)) };
    const type = "cluster_type.typed_config: extension google.protobuf.Empty is not supported yet";
    assert.deepEqual(compile(json).problems, [`error ${type}`]);
    assert.deepEqual(compile(json, true).problems, [
      `warning ${type}`,
      `error ${at}.socket_address.address: "backend.test" is not an IP address`,
    ]);
  });

  it("has no field that is silently ignored", () => {
    const known = new Set(clusterCompiler.support.find(({ schema }) => schema === ClusterSchema)!.fields.keys());
    const refused = compile({ lrsServer: { self: {} } }).problems;
    assert.deepEqual(refused, ["error lrs_server: lrs_server is not supported yet"]);
    assert.equal(known.has("lrs_server"), false);
  });
});
