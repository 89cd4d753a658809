/** One request of a load, as bytes. */
export interface LoadRequest {
  /** The whole message, body included. */
  readonly bytes: Buffer;
  /** Needed to follow the response: that to HEAD has no body. Default GET. */
  readonly method?: string;
  /** Told of the whole response; its body is empty unless the client keeps bodies. */
  onResponse?(status: number, body: Buffer, latencyMs: number): void;
}
