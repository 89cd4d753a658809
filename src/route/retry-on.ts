/** Bits of the conditions under which a request is tried again; see `RETRY_ON_WORDS` for Envoy's names. */
export const RetryOn = {
  serverError: 1 << 0,
  gatewayError: 1 << 1,
  reset: 1 << 2,
  resetBeforeRequest: 1 << 3,
  connectFailure: 1 << 4,
  envoyRateLimited: 1 << 5,
  retriable4xx: 1 << 6,
  refusedStream: 1 << 7,
  retriableStatusCodes: 1 << 8,
  retriableHeaders: 1 << 9,
  grpcCancelled: 1 << 10,
  grpcDeadlineExceeded: 1 << 11,
  grpcInternal: 1 << 12,
  grpcResourceExhausted: 1 << 13,
  grpcUnavailable: 1 << 14,
} as const;

/** The words of `retry_on` and `x-envoy-retry-on` that are about HTTP. The last is about HTTP/3, which there is none of. */
const HTTP_WORDS: ReadonlyMap<string, number> = new Map([
  ["5xx", RetryOn.serverError],
  ["gateway-error", RetryOn.gatewayError],
  ["reset", RetryOn.reset],
  ["reset-before-request", RetryOn.resetBeforeRequest],
  ["connect-failure", RetryOn.connectFailure],
  ["envoy-ratelimited", RetryOn.envoyRateLimited],
  ["retriable-4xx", RetryOn.retriable4xx],
  ["refused-stream", RetryOn.refusedStream],
  ["retriable-status-codes", RetryOn.retriableStatusCodes],
  ["retriable-headers", RetryOn.retriableHeaders],
  ["http3-post-connect-failure", 0],
]);

/** The words of `retry_on` and `x-envoy-retry-grpc-on` that are about gRPC statuses in response headers. */
const GRPC_WORDS: ReadonlyMap<string, number> = new Map([
  ["cancelled", RetryOn.grpcCancelled],
  ["deadline-exceeded", RetryOn.grpcDeadlineExceeded],
  ["internal", RetryOn.grpcInternal],
  ["resource-exhausted", RetryOn.grpcResourceExhausted],
  ["unavailable", RetryOn.grpcUnavailable],
]);

/** Every word that `retry_on` may hold. */
export const RETRY_ON_WORDS: readonly string[] = [...HTTP_WORDS.keys(), ...GRPC_WORDS.keys()];

/** The conditions of a route's `retry_on`; unknown words mean nothing. */
export function retryOnOf(words: readonly string[]): number {
  let bits = 0;
  for (const word of words) bits |= (HTTP_WORDS.get(word) ?? 0) | (GRPC_WORDS.get(word) ?? 0);
  return bits;
}

/** The conditions in the value of a request's `x-envoy-retry-on`. */
export function retryOnOfHeader(value: string): number {
  return bitsOf(value, HTTP_WORDS);
}

/** The conditions in the value of a request's `x-envoy-retry-grpc-on`. */
export function retryGrpcOnOfHeader(value: string): number {
  return bitsOf(value, GRPC_WORDS);
}

/** Whether a request's `x-envoy-retry-on` holds nothing but words that are known. */
export function isRetryOn(value: string): boolean {
  return knowsAll(value, HTTP_WORDS);
}

/** Whether a request's `x-envoy-retry-grpc-on` holds nothing but words that are known. */
export function isRetryGrpcOn(value: string): boolean {
  return knowsAll(value, GRPC_WORDS);
}

function knowsAll(value: string, words: ReadonlyMap<string, number>): boolean {
  return value.split(",").every((word) => words.has(word.trim()));
}

function bitsOf(value: string, words: ReadonlyMap<string, number>): number {
  let bits = 0;
  for (const word of value.split(",")) bits |= words.get(word.trim()) ?? 0;
  return bits;
}
