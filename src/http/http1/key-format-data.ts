/** Settings of `envoy.http.stateful_header_formatters.preserve_case`. */
export interface PreserveCaseData {
  /** Pass the reason phrase of responses on. Default false. */
  readonly forwardsReason: boolean;
  /** Write names that the message did not have `Like-This`. Default false: in lower case. */
  readonly properCaseForAdded: boolean;
}

/** Envoy's `Http1ProtocolOptions.HeaderKeyFormat`; plain data. `properCase`: of what is written; an object: of what is read. */
export type KeyFormatData = "properCase" | PreserveCaseData;
