import { fromBinary, toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";

/** The JSON value in a binary `google.protobuf.Value`; undefined if it is none, or has no form in JSON (NaN). */
export function readProtobufValue(bytes: Uint8Array): unknown {
  try {
    return toJson(ValueSchema, fromBinary(ValueSchema, bytes));
  } catch {
    return undefined;
  }
}
