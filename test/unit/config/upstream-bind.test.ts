import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { Place } from "../../../src/config/place.ts";
import { compileUpstreamBind } from "../../../src/config/upstream-bind.ts";
import { BindConfigSchema } from "../../../src/proto/gen/envoy/config/core/v3/address_pb.js";

function compile(json: JsonObject) {
  const problems: string[] = [];
  const error = (place: Place, message: string): void => void problems.push(`${place}: ${message}`);
  const data = compileUpstreamBind(fromJson(BindConfigSchema, json), Place.root, { error });
  return { data, problems };
}

const at = (address: string, portValue = 0): JsonObject => ({ address, portValue });
const option = (level: number, name: number, intValue: number): JsonObject => ({ level, name, intValue });

describe("upstream_bind_config", () => {
  it("has one source address for each kind of IP", () => {
    const json = { sourceAddress: at("10.0.0.1", 4000), extraSourceAddresses: [{ address: at("::1") }] };
    const sources = [
      { ip: "10.0.0.1", port: 4000 },
      { ip: "::1", port: 0 },
    ];
    assert.deepEqual(compile(json), { data: { sources, keepalive: null }, problems: [] });
  });

  it("takes the socket options that Node.js can set", () => {
    const socketOptions = [option(1, 9, 1), option(6, 1, 1), option(6, 4, 30), option(6, 5, 5), option(6, 6, 3)];
    assert.deepEqual(compile({ socketOptions }).data.keepalive, { timeS: 30, intervalS: 5, probes: 3 });
    assert.equal(compile({ socketOptions: [option(6, 4, 30)] }).data.keepalive, null, "it is not turned on");
  });

  const wrong: readonly (readonly [JsonObject, RegExp])[] = [
    [{ sourceAddress: at("localhost") }, /^source_address.address: "localhost" is not an IP address$/],
    [
      { sourceAddress: at("10.0.0.1"), extraSourceAddresses: [{ address: at("10.0.0.2") }] },
      /^extra_source_addresses\[0\].address: there is one source address for IPv4/,
    ],
    [{ extraSourceAddresses: [{ address: at("10.0.0.2") }] }, /need a source_address/],
    [{ socketOptions: [option(1, 36, 7)] }, /^socket_options\[0\]: Node.js can't set the socket option 36 of level 1$/],
    [{ socketOptions: [option(6, 1, 0)] }, /TCP_NODELAY/],
  ];
  for (const [json, problem] of wrong) {
    it(`refuses ${JSON.stringify(json)}`, () => {
      assert.match(compile(json).problems.join("\n"), problem);
    });
  }
});
