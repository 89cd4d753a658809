/** Envoy's `ConnectConfig`: requests whose bytes go to the host as they are, without HTTP around them. Plain data. */
export interface ConnectData {
  /** POST too, not only CONNECT. */
  readonly allowPost: boolean;
  /** Version of the PROXY protocol with which each connection begins; 0 = none. */
  readonly proxyProtocol: 0 | 1 | 2;
  /** Types of the TLVs of the client's own header that go into one of version 2. */
  readonly passThroughTlvs: "all" | readonly number[];
}

/** Whether a request of this method opens a TCP connection. */
export function opensTcp(connect: ConnectData, method: string): boolean {
  return method === "CONNECT" || (connect.allowPost && method === "POST");
}
