import { create, fromBinary, type JsonObject, toBinary } from "@bufbuild/protobuf";
import type { Span } from "../../../http/span.ts";
import { unicodeText, wireText } from "../../../match/wire-text.ts";
import type { HeaderValue } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  RateLimitResponse_Code as Code,
  RateLimitRequestSchema,
  type RateLimitResponse,
  RateLimitResponseSchema,
} from "../../../proto/gen/envoy/service/ratelimit/v3/rls_pb.js";
import { RateLimitUnit } from "../../../proto/gen/envoy/type/v3/ratelimit_unit_pb.js";
import type { RateLimitDescriptor } from "../../../route/rate-limit-policy.ts";
import type { AsyncClient } from "../../../upstream/async/async-client.ts";
import type { AsyncCall } from "../../../upstream/async/async-failure.ts";
import { type AsyncGrpcCallbacks, AsyncGrpcClient } from "../../../upstream/async/async-grpc-client.ts";
import type { GrpcServiceData } from "../../../upstream/async/grpc-service-data.ts";
import { type HeaderChange, isValidChange, mayChange } from "../../header-change.ts";
import { limitHeaders } from "./limit-headers.ts";

const SHOULD_RATE_LIMIT = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** What the service says; `error`: nothing that can be used. */
export type RateLimitAnswer =
  | {
      readonly verdict: "ok" | "overLimit";
      readonly requestHeaders: readonly HeaderChange[];
      readonly responseHeaders: readonly HeaderChange[];
      /** `x-ratelimit-…`; empty if the service tells no limits. */
      readonly limitHeaders: readonly HeaderChange[];
      readonly body: string;
      readonly metadata: Readonly<Record<string, unknown>> | null;
    }
  | { readonly verdict: "error" };

/** Asks the rate limit service (`envoy.service.ratelimit.v3.RateLimitService`). Source: Envoy's `GrpcClientImpl` of ratelimit. */
export class RateLimitClient {
  readonly #grpc: AsyncGrpcClient;
  readonly #service: GrpcServiceData;

  constructor(client: AsyncClient, service: GrpcServiceData) {
    this.#grpc = new AsyncGrpcClient(client);
    this.#service = service;
  }

  /** `onAnswer` is called once, perhaps before `ask` returns; not after a cancel. `parent`: the span of the request. */
  ask(
    domain: string,
    descriptors: readonly RateLimitDescriptor[],
    parent: Span | null,
    onAnswer: (answer: RateLimitAnswer) => void,
  ): AsyncCall {
    const request = create(RateLimitRequestSchema, {
      domain,
      descriptors: descriptors.map(({ entries, limit }) => ({
        entries: entries.map(({ key, value }) => ({ key: unicodeText(key), value: unicodeText(value) })),
        ...(limit !== null && { limit: { requestsPerUnit: limit.requestsPerUnit, unit: RateLimitUnit[limit.unit] } }),
      })),
    });
    const callbacks: AsyncGrpcCallbacks = {
      onMessage(bytes, span) {
        const answer = answerIn(bytes);
        if (answer.verdict !== "error") {
          span?.setTag("ratelimit_status", answer.verdict === "ok" ? "ok" : "over_limit");
        }
        onAnswer(answer);
      },
      onFailure: () => onAnswer({ verdict: "error" }),
    };
    const message = toBinary(RateLimitRequestSchema, request);
    return this.#grpc.call(this.#service, SHOULD_RATE_LIMIT, message, callbacks, [], parent);
  }
}

function answerIn(bytes: Buffer): RateLimitAnswer {
  let response: RateLimitResponse;
  try {
    response = fromBinary(RateLimitResponseSchema, bytes);
  } catch {
    return { verdict: "error" };
  }
  const { overallCode, statuses, dynamicMetadata: metadata } = response;
  if (overallCode !== Code.OK && overallCode !== Code.OVER_LIMIT) return { verdict: "error" };
  return {
    verdict: overallCode === Code.OK ? "ok" : "overLimit",
    requestHeaders: changes(response.requestHeadersToAdd),
    responseHeaders: changes(response.responseHeadersToAdd),
    limitHeaders: limitHeaders(statuses),
    body: Buffer.from(response.rawBody).toString("utf8"),
    metadata: hasFields(metadata) ? metadata : null,
  };
}

/** Those that can stand in a message. */
function changes(headers: readonly HeaderValue[]): HeaderChange[] {
  const all = headers.map(
    ({ key, value }): HeaderChange => ({ name: key.toLowerCase(), value: wireText(value), action: "add" }),
  );
  return all.filter((change) => isValidChange(change) && mayChange(change.name));
}

function hasFields(metadata: JsonObject | undefined): metadata is JsonObject {
  return metadata !== undefined && Object.keys(metadata).length > 0;
}
