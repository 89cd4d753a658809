import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  chooseEncoding,
  type EncodingCandidate,
} from "../../../../../src/extensions/http/compressor/encoding-choice.ts";

const candidate = (encoding: string, more: Partial<EncodingCandidate> = {}): EncodingCandidate => ({
  encoding,
  contentTypes: new Set(["text/plain"]),
  chooseFirst: false,
  ...more,
});
const GZIP = candidate("gzip");
const BROTLI = candidate("br");

describe("The choice of an encoding", () => {
  const cases: readonly (readonly [string, readonly EncodingCandidate[], string, string])[] = [
    ["gzip", [GZIP], "gzip", "compressor"],
    ["GZIP", [GZIP], "gzip", "compressor"],
    ["br, gzip", [GZIP, BROTLI], "br", "compressor"],
    ["br;q=0.5, gzip;q=0.9", [GZIP, BROTLI], "gzip", "compressor"],
    ["gzip ; q = 0.9 , br;q=0.8", [GZIP, BROTLI], "gzip", "compressor"],
    ["gzip, br", [GZIP, candidate("br", { chooseFirst: true })], "br", "compressor"],
    ["gzip;q=1, br;q=0.9", [GZIP, candidate("br", { chooseFirst: true })], "gzip", "compressor"],
    ["*", [BROTLI, GZIP], "br", "wildcard"],
    ["*, br;q=0", [BROTLI, GZIP], "gzip", "wildcard"],
    ["identity", [GZIP], "identity", "identity"],
    ["identity, gzip;q=0.5", [GZIP], "identity", "identity"],
    ["gzip;q=0", [GZIP], "identity", "notValid"],
    ["gzip;q=abc", [GZIP], "identity", "notValid"],
    ["deflate", [GZIP], "identity", "notValid"],
    ["", [GZIP], "identity", "notValid"],
    [",;,", [GZIP], "identity", "notValid"],
    ["gzip, br", [candidate("gzip", { contentTypes: new Set(["text/css"]) }), BROTLI], "br", "compressor"],
  ];
  for (const [header, candidates, encoding, reason] of cases) {
    it(`of "${header}" among ${candidates.map((each) => each.encoding)} is ${encoding} (${reason})`, () => {
      assert.deepEqual(chooseEncoding(header, "text/plain", candidates), { encoding, reason });
    });
  }
});
