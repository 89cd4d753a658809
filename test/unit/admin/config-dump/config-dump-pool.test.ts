import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { ConfigDumpPool } from "../../../../src/admin/config-dump/config-dump-pool.ts";

const ALL = { resource: "", mask: "", nameRegex: "", includeEds: false };

/** A body from its pieces, whose sizes must fit a socket's buffer. */
function bodyText(pieces: Iterable<Uint8Array>): string {
  const all = [...pieces];
  for (const piece of all) assert.ok(piece.length <= 256 * 1024);
  return Buffer.concat(all).toString();
}

describe("ConfigDumpPool", () => {
  const pool = new ConfigDumpPool();
  after(() => pool.close());

  async function dump(content: string, query: Partial<typeof ALL> = {}) {
    const config = { texts: [{ file: "a.yaml", content }] };
    const response = await pool.dump({
      config,
      version: 3,
      inForceSinceMs: 0,
      clusterUpdateTimes: new Map(),
      query: { ...ALL, ...query },
    });
    return { ...response, text: bodyText(response.body as Iterable<Uint8Array>) };
  }

  it("dumps on its thread what the texts say, without secrets", async () => {
    const { status, contentType, text } = await dump(
      "static_resources: { secrets: [{ name: s, tls_certificate: { private_key: { inline_string: TOP-SECRET } } }] }",
    );
    assert.deepEqual([status, contentType], [200, "application/json"]);
    assert.doesNotMatch(text, /TOP-SECRET/);
    assert.equal(JSON.parse(text).configs[0].bootstrap.static_resources.secrets[0].name, "s");
  });

  it("hands a large dump over in pieces", async () => {
    const clusters = Array.from({ length: 3000 }, (_, i) => `  - name: cluster-${i}\n    connect_timeout: 1s\n`);
    const { text } = await dump(`static_resources:\n  clusters:\n${clusters.join("")}`);
    assert.ok(text.length > 512 * 1024);
    assert.equal(JSON.parse(text).configs[1].static_clusters.length, 3000);
  });

  it("answers what is wrong with a query", async () => {
    const { status, text } = await dump("node: { id: n1 }", { resource: "nope" });
    assert.deepEqual([status, text], [404, "nope not found in config dump\n"]);
  });

  it("works again after it was closed", async () => {
    await pool.close();
    assert.equal((await dump("node: { id: n1 }")).status, 200);
  });
});
