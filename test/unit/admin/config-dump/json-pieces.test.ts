import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonPieces } from "../../../../src/admin/config-dump/json-pieces.ts";
import { redact } from "../../../../src/admin/config-dump/redact-secrets.ts";
import type { Json } from "../../../../src/admin/json-value.ts";

describe("jsonPieces", () => {
  it("prints what JSON.stringify prints of the redacted whole", () => {
    const dumped: Json = {
      "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
      none: {},
      nothing: [],
      absent: null,
      bootstrap: {
        node: { id: 'line\nbreak "quoted"', metadata: { list: [[], {}, [1, [2, { three: 3 }]]] } },
        static_resources: { clusters: [cluster("a"), cluster("b")] },
        admin: { private_key: { inline_string: "marked" } },
      },
      headers: [{ header: { key: "authorization", value: "marked" } }],
    };

    const printed = [...jsonPieces(dumped)].join("");

    assert.equal(printed, JSON.stringify(redact(dumped), undefined, 1));
    assert.doesNotMatch(printed, /marked/);
  });

  it("brings each cluster of a bootstrap in a piece of its own", () => {
    const clusters = Array.from({ length: 100 }, (_, index) => cluster(`cluster-${index}`));

    const pieces = [...jsonPieces({ bootstrap: { static_resources: { clusters } } })];

    assert.equal(pieces.filter((piece) => piece.includes("connect_timeout")).length, 100);
  });
});

function cluster(name: string): Json {
  return { name, connect_timeout: "1s", transport_socket: { typed_config: { private_key: "marked" } } };
}
