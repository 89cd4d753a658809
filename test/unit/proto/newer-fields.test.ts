import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addNewerFields } from "../../../src/proto/newer-fields.ts";

const NEWER = {
  file: "a.proto",
  message: "  message Inner {",
  imports: ["b.proto", "c.proto"],
  fields: ["bool fresh = 2;", "b.Other other = 3;"],
};
const SOURCE = 'package a;\nimport "b.proto";\nmessage Outer {\n  message Inner {\n    bool old = 1;\n  }\n}\n';

describe("Fields that are newer than the .proto files", () => {
  it("are added to their message, with what they import", () => {
    const expected =
      'package a;\nimport "c.proto";\nimport "b.proto";\nmessage Outer {\n  message Inner {\n  bool fresh = 2;\n  b.Other other = 3;\n    bool old = 1;\n  }\n}\n';
    assert.equal(addNewerFields(SOURCE, NEWER), expected);
    assert.equal(addNewerFields(SOURCE.replaceAll("\n", "\r\n"), NEWER), expected);
  });

  it("are left out once they are there, and need their message", () => {
    const once = addNewerFields(SOURCE, NEWER);
    assert.equal(addNewerFields(once, NEWER), once);
    assert.throws(() => addNewerFields("package a;\n", NEWER), /no "message Inner \{" to add fields to/);
  });
});
