import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { clusterRoute } from "../../../../harness/sample-bootstrap.ts";
import { Proxied } from "../../proxied.ts";

function templateRoute(path_template: string): object {
  const typed_config = {
    "@type": "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
    path_template,
  };
  const match = { path_match_policy: { name: "template", typed_config } };
  return { match, direct_response: { status: 204 } };
}

describe("A route with a path_match_policy", () => {
  it("takes the paths of its template, without their query", async (test) => {
    const proxied = await Proxied.start(test, {
      routes: [templateRoute("/users/{id}/*.jpg"), clusterRoute("app")],
      script: (exchange) => exchange.respond({ body: "up" }),
    });
    const client = await proxied.client();
    const statuses: number[] = [];
    for (const target of ["/users/7/a.jpg", "/users/7/a.jpg?b=/c", "/users/7/b/a.jpg", "/users/a.jpg"]) {
      statuses.push((await client.request({ target })).status);
    }
    assert.deepEqual(statuses, [204, 204, 200, 200]);
  });

  it("is refused with a template that is none", async (test) => {
    const routes = [templateRoute("/users/{id")];
    await assert.rejects(
      Proxied.start(test, { routes }),
      /match\.path_match_policy\.typed_config\.path_template: a \{ has no \}/,
    );
  });
});

describe("A route with a path_rewrite_policy", () => {
  function rewriteRoute(template: string | null, rewrite: string, action: object = {}): object {
    const policy = (kind: string, message: string, fields: object) => ({
      name: kind,
      typed_config: {
        "@type": `type.googleapis.com/envoy.extensions.path.${kind}.uri_template.v3.${message}`,
        ...fields,
      },
    });
    const path_match_policy = policy("match", "UriTemplateMatchConfig", { path_template: template });
    const path_rewrite_policy = policy("rewrite", "UriTemplateRewriteConfig", { path_template_rewrite: rewrite });
    const match = template === null ? { prefix: "/" } : { path_match_policy };
    return { match, route: { cluster: "app", path_rewrite_policy, ...action } };
  }

  const rows: readonly (readonly [template: string, rewrite: string, path: string, becomes: string])[] = [
    ["/{one}/{two}", "/{two}/{one}", "/cat/dog", "/dog/cat"],
    ["/videos/{language=lang/*}/*", "/{language}", "/videos/lang/en/video.m4s", "/lang/en"],
    [
      "/content/{format}/{lang}/{id}/{file}.vtt",
      "/{lang}/{format}/{file}.vtt",
      "/content/hls/en/1/a.vtt",
      "/en/hls/a.vtt",
    ],
    ["/{all=**}", "/v2/{all}", "/a/b/c", "/v2/a/b/c"],
    ["/{all=**}", "/v2/{all}", "/", "/v2/"],
    ["/a/*", "/fixed", "/a/b?c=/d", "/fixed?c=/d"],
    ["/a$b(c)/{x}", "/x-{x}-{x}", "/a$b(c)/1", "/x-1-1"],
  ];
  for (const [template, rewrite, path, becomes] of rows) {
    it(`makes ${becomes} of ${path} by ${template} and ${rewrite}`, async (test) => {
      const seen: (string | undefined)[] = [];
      const script: UpstreamScript = (exchange) => {
        seen.push(exchange.target, exchange.header("x-envoy-original-path"));
        exchange.respond();
      };
      const proxied = await Proxied.start(test, { routes: [rewriteRoute(template, rewrite)], script });
      await (await proxied.client()).request({ target: path });
      assert.deepEqual(seen, [becomes, path]);
    });
  }

  const wrong: readonly (readonly [template: string | null, rewrite: string, action: object, problem: RegExp])[] = [
    ["/{a}", "/{b}", {}, /path_rewrite_policy: the template of the path has no \{b\}/],
    ["/{a}", "{a}", {}, /path_template_rewrite: must begin with \//],
    ["/{a}", "/a//{a}", {}, /path_template_rewrite: must not hold \/\//],
    ["/{a}", "/{a", {}, /path_template_rewrite: .* is no part of a path/],
    ["/{a}", "/{1}", {}, /path_template_rewrite: \{1\} has no name/],
    ["/{a}", "/*", {}, /path_template_rewrite: .* is no part of a path/],
    [null, "/a", {}, /path_rewrite_policy: needs a template/],
    ["/{a}", "/{a}", { prefix_rewrite: "/b" }, /path_rewrite_policy: .* exclude each other/],
  ];
  for (const [template, rewrite, action, problem] of wrong) {
    it(`is refused: ${problem.source}`, async (test) => {
      await assert.rejects(Proxied.start(test, { routes: [rewriteRoute(template, rewrite, action)] }), problem);
    });
  }
});
