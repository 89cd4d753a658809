import type { FormatOperator } from "../format-context.ts";
import { coalesceOperator } from "./coalesce-operator.ts";
import { fingerprintOperators } from "./fingerprint-operators.ts";
import { headerOperators } from "./header-operators.ts";
import { peerOperators } from "./peer-operators.ts";
import { responseOperators } from "./response-operators.ts";
import { stateOperators } from "./state-operators.ts";
import { timeOperators } from "./time-operators.ts";
import { tlsOperators } from "./tls-operators.ts";
import { wireOperators } from "./wire-operators.ts";

const PLAIN: ReadonlyMap<string, FormatOperator> = new Map([
  ...timeOperators,
  ...headerOperators,
  ...responseOperators,
  ...peerOperators,
  ...wireOperators,
  ...stateOperators,
  ...tlsOperators,
  ...fingerprintOperators,
]);

/** All command operators by name. */
export const operatorTable: ReadonlyMap<string, FormatOperator> = new Map([
  ...PLAIN,
  ["COALESCE", coalesceOperator(PLAIN)],
]);

/** Operators of Envoy that Troupe does not have; patterns over the whole name. */
const UNSUPPORTED: readonly RegExp[] = [
  /^(?:ROUNDTRIP_DURATION|DOWNSTREAM_HANDSHAKE_DURATION|BYTES_RETRANSMITTED|PACKETS_RETRANSMITTED)$/,
  /^(?:UP|DOWN)STREAM_DECOMPRESSED_HEADER_BYTES_(?:SENT|RECEIVED)$/,
  /^(?:UP|DOWN)STREAM_(?:LOCAL|PEER)_\w+$/,
  /^(?:UP|DOWN)STREAM_TLS_\w+$/,
  /^(?:UP|DOWN)STREAM_\w*ADDRESS(?:_ENDPOINT_ID)?$/,
  /^DOWNSTREAM_(?:LOCAL_CLOSE_REASON|DETECTED_CLOSE_TYPE|TRANSPORT_FAILURE_REASON)$/,
  /^(?:UPSTREAM_FILTER_STATE|PER_REQUEST_STATE|CUSTOM_FLAGS)$/,
  /^(?:CEL|TYPED_CEL)$/,
];

/** Whether `name` is an operator that Envoy has and Troupe has not. */
export function isUnsupportedOperator(name: string): boolean {
  return UNSUPPORTED.some((pattern) => pattern.test(name));
}
