/** What `request_id_extension` says of the ids of requests. Plain data. */
export interface RequestIdData {
  /** The decision to trace is written into the id, for the proxies behind this one. */
  readonly packTraceReason: boolean;
  /** The id decides whether a request is traced; otherwise each is, unless its own context says something else. */
  readonly sampleById: boolean;
}

/** Without a `request_id_extension`. */
export const DEFAULT_REQUEST_ID: RequestIdData = { packTraceReason: true, sampleById: true };
