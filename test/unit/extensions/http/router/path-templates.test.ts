import assert from "node:assert/strict";
import { describe, it } from "node:test";
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
