import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { HTTP_FILTERS } from "../../src/extensions/table.ts";
import { FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

const PAGE = path.resolve(import.meta.dirname, "../../docs/http-filters.md");
/** Documented on pages of their own. */
const ELSEWHERE = new Set(["envoy.filters.http.router", "troupe.filters.http.module"]);

/** The services that the examples name; all of them are the one upstream, which answers 200. */
const CLUSTERS = ["app", "authz", "ratelimit", "keys"];

interface Example {
  readonly http_filters: readonly { readonly name: string }[];
  readonly typed_per_filter_config?: object;
}

/** The example of each section, by the filter it is about. */
function examples(): Map<string, Example> {
  const sections = readFileSync(PAGE, "utf8").split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const yaml = /^```yaml\n([\s\S]*?)^```/m.exec(section)?.[1] ?? "";
      // They are for services near by, and not for a machine that is held up.
      const patient = yaml.replace(/\btimeout: 0\.\d+s$/gm, "timeout: 30s");
      return [section.slice(0, section.indexOf("\n")), parse(patient) as Example];
    }),
  );
}

describe("docs/http-filters.md", () => {
  const shown = examples();
  let proxy: RunningProxy;
  let upstream: FakeUpstream;

  before(async () => {
    upstream = await FakeUpstream.start((exchange) => exchange.respond({ body: "up" }));
    const listeners = [...shown].map(([name, example]) => ({
      name,
      manager: { http_filters: example.http_filters, stat_prefix: name },
      routes: [
        {
          ...clusterRoute("app"),
          ...(example.typed_per_filter_config && { typed_per_filter_config: example.typed_per_filter_config }),
        },
      ],
    }));
    proxy = await startProxy({
      config: sampleBootstrap({
        listeners,
        clusters: CLUSTERS.map((name) => sampleCluster(name, [loopback(upstream.port)])),
      }),
      concurrency: 2,
    });
  });
  after(async () => {
    await proxy?.stop();
    await upstream.close();
  });

  it("has a section for each filter there is", () => {
    const known = HTTP_FILTERS.map((entry) => entry.name).filter((name) => !ELSEWHERE.has(name));
    assert.deepEqual([...shown.keys()].sort(), known.sort());
  });

  for (const [name, example] of shown) {
    it(`shows ${name} at work`, async () => {
      assert.ok(
        example.http_filters.some((filter) => filter.name === name),
        "the example is about another filter",
      );
      const client = await Http1Client.connect(proxy.port(name));
      const response = await client.request({ headers: { host: "example.com" } });
      client.close();
      assert.equal(`${response.status} ${response.body}`, "200 up");
    });
  }
});
