import { type FormatOperator, plainOperator } from "../format-context.ts";

/** The fingerprints that the TLS inspector makes of a hello, if it is told to. */
export const fingerprintOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ["TLS_JA3_FINGERPRINT", plainOperator(({ streamInfo }) => streamInfo.connection.ja3 || undefined)],
  ["TLS_JA4_FINGERPRINT", plainOperator(({ streamInfo }) => streamInfo.connection.ja4 || undefined)],
]);
