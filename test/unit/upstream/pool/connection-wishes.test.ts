import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestHeaderMap } from "../../../../src/http/header-map.ts";
import { connectionWishes, type WishSettings } from "../../../../src/upstream/pool/connection-wishes.ts";
import { makeStreamInfo } from "../../../harness/stream-fixtures.ts";

const { connection } = makeStreamInfo();

function wishes(settings: Partial<WishSettings>, authority = "app.test:8443", list: string[] = []) {
  const headers = new RequestHeaderMap(list);
  headers.authority = authority;
  const all = { autoTls: null, perDownstreamConnection: false, tellsAddresses: false, ...settings };
  return connectionWishes(all, connection, headers);
}

const AUTO = { sni: true, sanValidation: true, overrideHeader: "" };

describe("What a request wants of its connection", () => {
  it("is nothing where the cluster asks for nothing", () => {
    assert.equal(connectionWishes(null, connection, null), null);
    assert.equal(wishes({}), null);
  });

  it("is the server name of its authority, without port", () => {
    const made = wishes({ autoTls: AUTO });
    assert.deepEqual([made?.serverName, made?.subjectAltName], ["app.test", "app.test"]);
    assert.equal(wishes({ autoTls: { ...AUTO, sanValidation: false } })?.subjectAltName, "");
    assert.equal(wishes({ autoTls: { ...AUTO, sni: false } })?.serverName, "");
  });

  it("is no server name for IP addresses, which certificates are still checked for", () => {
    for (const authority of ["10.0.0.1", "10.0.0.1:443", "[::1]", "[::1]:443"]) {
      const made = wishes({ autoTls: AUTO }, authority);
      assert.deepEqual([made?.serverName, made?.subjectAltName], ["", authority.startsWith("[") ? "::1" : "10.0.0.1"]);
    }
  });

  it("follows another header where the request has it", () => {
    const autoTls = { ...AUTO, overrideHeader: "x-sni" };
    assert.equal(wishes({ autoTls }, "app.test", ["x-sni", "other.test:1"])?.serverName, "other.test");
    assert.equal(wishes({ autoTls }, "app.test", ["x-sni", ""])?.serverName, "app.test");
    assert.equal(wishes({ autoTls }, "app.test")?.serverName, "app.test");
  });

  it("keeps connections of different kinds apart by their keys", () => {
    const keys = [
      wishes({ autoTls: AUTO }),
      wishes({ autoTls: AUTO }, "b.test"),
      wishes({ autoTls: { ...AUTO, sanValidation: false } }),
      wishes({ tellsAddresses: true }),
      wishes({ perDownstreamConnection: true }),
    ].map((made) => made?.key);
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(wishes({ autoTls: AUTO })?.key, wishes({ autoTls: AUTO }, "app.test:1")?.key);
  });

  it("is what a TCP connection can want, too", () => {
    const settings = { autoTls: AUTO, perDownstreamConnection: false, tellsAddresses: true };
    const made = connectionWishes(settings, connection, null);
    const { remoteAddress: source, localAddress: destination } = connection;
    assert.deepEqual(made?.addresses, { source, destination, tlvs: [] });
    assert.equal(made?.serverName, "");
  });
});
