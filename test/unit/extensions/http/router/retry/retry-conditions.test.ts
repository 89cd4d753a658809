import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  wouldRetryHeaders,
  wouldRetryReset,
} from "../../../../../../src/extensions/http/router/retry/retry-conditions.ts";
import type { StreamResetReason } from "../../../../../../src/http/codec.ts";
import { ResponseHeaderMap } from "../../../../../../src/http/header-map.ts";
import { RETRY_ON_WORDS, retryOnOf } from "../../../../../../src/route/retry-on.ts";

/** The words of `retry_on` that have an attempt repeated which ended in this response. */
function wordsFor(status: number, list: string[] = []): string[] {
  return RETRY_ON_WORDS.filter((word) =>
    wouldRetryHeaders(
      {
        retryOn: retryOnOf([word]),
        isRetriableStatus: (each) => each === 418,
        retriableHeaders: [],
        retriableHeaderNames: ["x-again"],
      },
      new ResponseHeaderMap(status, list),
    ),
  );
}

/** The same for one that was reset. */
function wordsForReset(reason: StreamResetReason, wasSent: boolean): string[] {
  return RETRY_ON_WORDS.filter((word) => wouldRetryReset(retryOnOf([word]), reason, wasSent));
}

describe("The words of retry_on that a response is repeated for", () => {
  const table: readonly (readonly [name: string, status: number, list: string[], words: string[]])[] = [
    ["200", 200, [], []],
    ["404", 404, [], []],
    ["409", 409, [], ["retriable-4xx"]],
    ["a status that is listed", 418, [], ["retriable-status-codes"]],
    ["500", 500, [], ["5xx"]],
    ["502", 502, [], ["5xx", "gateway-error"]],
    ["503", 503, [], ["5xx", "gateway-error"]],
    ["504", 504, [], ["5xx", "gateway-error"]],
    ["505", 505, [], ["5xx"]],
    ["a header that is listed", 200, ["x-again", ""], ["retriable-headers"]],
    ["x-envoy-ratelimited, whatever the status", 503, ["x-envoy-ratelimited", "true"], ["envoy-ratelimited"]],
    ["gRPC status 0", 200, ["grpc-status", "0"], []],
    ["gRPC status 1", 200, ["grpc-status", "1"], ["cancelled"]],
    ["gRPC status 4", 200, ["grpc-status", "4"], ["deadline-exceeded"]],
    ["gRPC status 5", 200, ["grpc-status", "5"], []],
    ["gRPC status 8", 200, ["grpc-status", "8"], ["resource-exhausted"]],
    ["gRPC status 13", 200, ["grpc-status", "13"], ["internal"]],
    ["gRPC status 14", 200, ["grpc-status", "14"], ["unavailable"]],
  ];
  for (const [name, status, list, words] of table) {
    it(`are ${words.join(", ") || "none"} for ${name}`, () => assert.deepEqual(wordsFor(status, list), words));
  }
});

describe("The words of retry_on that a reset is repeated for", () => {
  const always = ["5xx", "gateway-error", "reset"];
  const table: readonly (readonly [reason: StreamResetReason, wasSent: boolean, words: string[]])[] = [
    ["overflow", false, []],
    ["remote reset", true, always],
    ["remote reset", false, [...always, "reset-before-request"]],
    ["connection termination", true, always],
    ["remote refused stream reset", true, [...always, "refused-stream"]],
    ["remote connection failure", false, [...always, "reset-before-request", "connect-failure"]],
    ["local connection failure", false, [...always, "reset-before-request", "connect-failure"]],
    ["connection timeout", false, [...always, "reset-before-request", "connect-failure"]],
  ];
  for (const [reason, wasSent, words] of table) {
    it(`are ${words.join(", ") || "none"} for ${reason}, ${wasSent ? "sent" : "not sent"}`, () =>
      assert.deepEqual(wordsForReset(reason, wasSent), words));
  }
});
