import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { compileRoutes, oneHost } from "./routes-from.ts";

const route = (match: JsonObject, more: JsonObject = { route: { cluster: "c" } }): JsonObject => ({ match, ...more });
const AT = "virtual_hosts[0].routes[0]";

describe("compileRouteConfiguration", () => {
  const rows: { name: string; config: JsonObject; problems: string[] }[] = [
    {
      name: "refuses a domain that stands twice, whatever its case",
      config: {
        virtualHosts: [
          { name: "a", domains: ["x.test", "*"] },
          { name: "b", domains: ["X.test", "*"] },
        ],
      },
      problems: [
        'virtual_hosts[1].domains[0]: the domain "X.test" stands in this route configuration already',
        'virtual_hosts[1].domains[1]: the domain "*" stands in this route configuration already',
      ],
    },
    {
      name: "warns of a star in the middle of a domain",
      config: { virtualHosts: [{ name: "a", domains: ["a.*.test"] }] },
      problems: ['warning: virtual_hosts[0].domains[0]: "a.*.test" is taken literally'],
    },
    {
      name: "refuses a match without a path",
      config: oneHost([route({ headers: [{ name: "x" }] })]),
      problems: [`${AT}.match: says nothing about the path`],
    },
    {
      name: "refuses a regex that RE2 does not know",
      config: oneHost([route({ safeRegex: { regex: "(?!a)b" } })]),
      problems: [
        `${AT}.match.safe_regex.regex: invalid regex: error parsing regexp: invalid or unsupported Perl syntax: \`(?!\``,
      ],
    },
    {
      name: "warns of a path with a query",
      config: oneHost([route({ path: "/a?b" })]),
      problems: [`warning: ${AT}.match.path: holds a query or fragment and so never matches`],
    },
    {
      name: "refuses a bad header matcher where it stands",
      config: oneHost([
        route({ prefix: "/", headers: [{ name: "a b" }, { name: "a", stringMatch: { safeRegex: { regex: "[" } } }] }),
      ]),
      problems: [
        `${AT}.match.headers[0].name: "a b" is not a header name`,
        `${AT}.match.headers[1].string_match.safe_regex.regex: invalid regex: error parsing regexp: missing closing ]: \`[\``,
      ],
    },
    {
      name: "refuses weights that add up to nothing",
      config: oneHost([
        route({ prefix: "/" }, { route: { weightedClusters: { clusters: [{ name: "a", weight: 0 }] } } }),
      ]),
      problems: [`${AT}.route.weighted_clusters.clusters: the sum of the weights must not be 0`],
    },
    {
      name: "refuses weights that add up to too much",
      config: oneHost([
        route(
          { prefix: "/" },
          {
            route: {
              weightedClusters: {
                clusters: [
                  { name: "a", weight: 4294967295 },
                  { name: "b", weight: 1 },
                ],
              },
            },
          },
        ),
      ]),
      problems: [`${AT}.route.weighted_clusters.clusters: the sum of the weights is 4294967296, more than 4294967295`],
    },
    {
      name: "refuses a weighted cluster that says too much or too little",
      config: oneHost([
        route(
          { prefix: "/" },
          { route: { weightedClusters: { clusters: [{ weight: 1 }, { name: "a", clusterHeader: "h" }] } } },
        ),
      ]),
      problems: [
        `${AT}.route.weighted_clusters.clusters[0]: needs a name or a cluster_header`,
        `${AT}.route.weighted_clusters.clusters[1]: name and cluster_header exclude each other`,
        `${AT}.route.weighted_clusters.clusters[1].weight: is required`,
      ],
    },
    {
      name: "refuses a direct response that is too long",
      config: oneHost([
        route({ prefix: "/" }, { directResponse: { status: 200, body: { inlineString: "x".repeat(4097) } } }),
      ]),
      problems: [`${AT}.direct_response.body: is 4097 bytes long; at most 4096 are allowed`],
    },
    {
      name: "refuses a file that can't be read",
      config: oneHost([route({ prefix: "/" }, { directResponse: { status: 200, body: { filename: "/nowhere" } } })]),
      problems: [
        `${AT}.direct_response.body.filename: can't read /nowhere: ENOENT: no such file or directory, open '/nowhere'`,
      ],
    },
    {
      name: "refuses two ways to rewrite a path",
      config: oneHost([
        route(
          { prefix: "/" },
          {
            route: { cluster: "c", prefixRewrite: "/x", regexRewrite: { pattern: { regex: "a" }, substitution: "b" } },
          },
        ),
      ]),
      problems: [`${AT}.route.regex_rewrite: prefix_rewrite and regex_rewrite exclude each other`],
    },
    {
      name: "refuses a substitution of a group that is not there",
      config: oneHost([
        route(
          { prefix: "/" },
          { route: { cluster: "c", regexRewrite: { pattern: { regex: "(a)" }, substitution: "\\2" } } },
        ),
      ]),
      problems: [`${AT}.route.regex_rewrite.substitution: \\2 names a group that the pattern lacks (it has 1)`],
    },
    {
      name: "refuses to change host and pseudo-headers by header mutation",
      config: {
        requestHeadersToAdd: [{ header: { key: ":path", value: "/" } }, { header: { key: "Host", value: "x" } }],
        requestHeadersToRemove: ["host"],
      },
      problems: [
        'request_headers_to_remove[0]: "host" may not be added or removed',
        'request_headers_to_add[0].header.key: ":path" may not be added or removed',
        'request_headers_to_add[1].header.key: "host" may not be added or removed',
      ],
    },
    {
      name: "refuses to set what frames a message",
      config: { responseHeadersToAdd: [{ header: { key: "Content-Length", value: "1" } }] },
      problems: ['response_headers_to_add[0].header.key: "content-length" is set by Troupe alone'],
    },
    {
      name: "refuses a format that it does not understand, and says what is only missing",
      config: {
        responseHeadersToAdd: [
          { header: { key: "a", value: "%NOPE%" } },
          { header: { key: "b", value: "50%" } },
          { header: { key: "c", value: "%REQ(x%" } },
          { header: { key: "d", value: "%UPSTREAM_FILTER_STATE(x)%" } },
          { header: { key: "e", value: "%START_TIME(%Q)%" } },
        ],
      },
      problems: [
        "response_headers_to_add[0].header.value: %NOPE% is no command operator",
        "response_headers_to_add[1].header.value: no command operator begins at the % in column 3; a literal percent sign is written %%",
        "response_headers_to_add[2].header.value: %REQ( in column 1 is not closed with )%",
        "unsupported: response_headers_to_add[3].header.value: %UPSTREAM_FILTER_STATE% is not supported yet",
        'response_headers_to_add[4].header.value: %START_TIME%: "%Q" is no time conversion that is supported',
      ],
    },
    {
      name: "refuses append beside append_action",
      config: {
        requestHeadersToAdd: [{ header: { key: "a", value: "b" }, append: true, appendAction: "ADD_IF_ABSENT" }],
      },
      problems: ["request_headers_to_add[0].append: append and append_action exclude each other"],
    },
    {
      name: "refuses a back-off that ends before it begins",
      config: oneHost([
        route(
          { prefix: "/" },
          { route: { cluster: "c", retryPolicy: { retryBackOff: { baseInterval: "1s", maxInterval: "0.5s" } } } },
        ),
      ]),
      problems: [`${AT}.route.retry_policy.retry_back_off.max_interval: must not be less than base_interval`],
    },
    {
      name: "refuses negative timeouts, odd ports and schemes, and an upgrade that stands twice",
      config: oneHost([
        route(
          { prefix: "/" },
          { route: { cluster: "c", timeout: "-1s", upgradeConfigs: [{ upgradeType: "a" }, { upgradeType: "A" }] } },
        ),
        route({ prefix: "/" }, { redirect: { schemeRedirect: "a b", portRedirect: 65536 } }),
      ]),
      problems: [
        `${AT}.route.timeout: must not be negative`,
        `${AT}.route.upgrade_configs[1].upgrade_type: "A" stands here twice`,
        "virtual_hosts[0].routes[1].redirect.port_redirect: must be at most 65535",
        'virtual_hosts[0].routes[1].redirect.scheme_redirect: "a b" is not the name of a scheme',
      ],
    },
  ];
  for (const { name, config, problems } of rows) {
    it(name, () => assert.deepEqual(compileRoutes(config).problems, problems));
  }

  it("requires the clusters it names to exist, unless told not to", () => {
    const config = oneHost([
      route({ prefix: "/a" }),
      route({ prefix: "/" }, { route: { weightedClusters: { clusters: [{ name: "w", weight: 1 }] } } }),
    ]);
    assert.deepEqual(compileRoutes(config).required, ["cluster c", "cluster w"]);
    assert.deepEqual(compileRoutes({ ...config, validateClusters: false }).required, []);
  });

  it("gives data that survive being copied to a worker", () => {
    const { data } = compileRoutes(oneHost([route({ prefix: "/" })]));
    assert.deepEqual(structuredClone(data), data);
  });
});
