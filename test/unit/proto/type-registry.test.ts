import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, fromJson } from "@bufbuild/protobuf";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { PipeSchema } from "../../../src/proto/gen/envoy/config/core/v3/address_pb.js";
import { messageType, messageTypeNames, typeRegistry } from "../../../src/proto/type-registry.ts";

describe("messageType", () => {
  it("finds types by name, the same as their modules export", () => {
    assert.equal(messageType("envoy.config.core.v3.Pipe"), PipeSchema);
    assert.equal(messageType("google.protobuf.Duration")?.typeName, "google.protobuf.Duration");
  });

  it("finds every type it lists", () => {
    let count = 0;
    for (const name of messageTypeNames()) {
      assert.equal(messageType(name)?.typeName, name);
      count++;
    }
    assert.ok(count > 700, `only ${count} types`);
  });

  it("knows nothing of what does not exist, nor of names of the language", () => {
    for (const name of ["", "envoy.Nothing", "__proto__", "constructor", "toString"]) {
      assert.equal(messageType(name), undefined);
    }
  });
});

describe("typeRegistry", () => {
  it("lets an Any be read from JSON", () => {
    const any = fromJson(
      AnySchema,
      { "@type": "type.googleapis.com/envoy.config.core.v3.Pipe", path: "/x" },
      { registry: typeRegistry },
    );
    assert.deepEqual(any, anyPack(PipeSchema, create(PipeSchema, { path: "/x" })));
  });
});
