/** What the filter that serves a connection tells of it, to people who ask. Made when somebody asks. */
export interface ConnectionUse {
  /** `HTTP/1.1`, `HTTP/2`, `TCP`; empty until it is known. */
  readonly protocol: string;
  /** So far. */
  readonly requests: number;
  readonly activeStreams: number;
  /** When something last came or went, on the worker's clock; -1 if that is not known. */
  readonly lastActivityMs: number;
  /** The upstream half of a connection that is passed on as a whole; empty and 0 for others. */
  readonly cluster: string;
  readonly host: string;
  readonly attempt: number;
}

/** A request in hand, as people see it. */
export interface StreamUse {
  /** Both on the worker's clock. */
  readonly startMs: number;
  readonly lastActivityMs: number;
  readonly protocol: string;
  readonly method: string;
  readonly authority: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  readonly requestId: string;
  readonly route: string;
  readonly virtualHost: string;
  readonly cluster: string;
  readonly host: string;
  readonly attempt: number;
  readonly upstreamConnectionId: number;
  /** 0 until the response has begun. */
  readonly responseCode: number;
  readonly requestComplete: boolean;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Held back by filters. */
  readonly bufferedBytes: number;
}
