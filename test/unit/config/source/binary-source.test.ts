import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { ConfigurationCompiler } from "../../../../src/config/compiler/configuration-compiler.ts";
import { problemText } from "../../../../src/config/config-problem.ts";
import { BootstrapSchema } from "../../../../src/proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { TcpProxySchema } from "../../../../src/proto/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js";
import { TypedStructSchema } from "../../../../src/proto/gen/xds/type/v3/typed_struct_pb.js";
import { sampleTable } from "../sample-compiler-table.ts";

const FILTER = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config";

/** The problems of a binary bootstrap with one listener whose only filter is configured by `any`. */
function problems(any: Any): string[] {
  const filters = [{ name: "f", configType: { case: "typedConfig" as const, value: any } }];
  const listeners = [{ name: "l", filterChains: [{ filters }] }];
  const clusters = [{ name: "a" }];
  const content = toBinary(BootstrapSchema, create(BootstrapSchema, { staticResources: { listeners, clusters } }));
  const outcome = new ConfigurationCompiler(sampleTable).compile({ texts: [{ file: "a.pb", content }] });
  return outcome.problems.map(problemText);
}

function tcpProxy(extra: Uint8Array = new Uint8Array()): Any {
  const message = create(TcpProxySchema, { statPrefix: "x", clusterSpecifier: { case: "cluster", value: "a" } });
  const any = anyPack(TcpProxySchema, message);
  return create(AnySchema, { typeUrl: any.typeUrl, value: Buffer.concat([any.value, extra]) });
}

describe("openBinary", () => {
  it("accepts what text can say too", () => assert.deepEqual(problems(tcpProxy()), []));

  it("checks messages inside an Any by the protos' rules", () => {
    const empty = create(AnySchema, { typeUrl: tcpProxy().typeUrl, value: new Uint8Array() });
    assert.deepEqual(problems(empty), [
      `a.pb: ${FILTER}: one of cluster, weighted_clusters is required`,
      `a.pb: ${FILTER}.stat_prefix: stat_prefix must not be empty`,
    ]);
  });

  it("refuses unknown fields and broken bytes inside an Any", () => {
    assert.deepEqual(problems(tcpProxy(Uint8Array.of(0xf8, 0x7f, 1))), [
      `a.pb: ${FILTER}: ${TcpProxySchema.typeName} has no field number 2047`,
    ]);
    assert.match(problems(tcpProxy(Uint8Array.of(0x0a, 0xff)))[0]!, /typed_config: not a binary envoy\.extensions\./);
  });

  it("refuses a TypedStruct, which only text can hold", () => {
    const struct = create(TypedStructSchema, { typeUrl: tcpProxy().typeUrl, value: { stat_prefix: "x" } });
    assert.deepEqual(problems(anyPack(TypedStructSchema, struct)), [
      `a.pb: ${FILTER}: extension xds.type.v3.TypedStruct is not supported yet`,
    ]);
    const broken = create(AnySchema, { typeUrl: "x/xds.type.v3.TypedStruct", value: Uint8Array.of(0x0a, 0xff) });
    assert.equal(problems(broken).length, 1);
  });
});
