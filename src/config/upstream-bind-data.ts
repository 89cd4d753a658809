/** TCP keep-alive. Times in seconds; null = the system's. */
export interface KeepaliveData {
  readonly timeS: number | null;
  readonly intervalS: number | null;
  readonly probes: number | null;
}

/** What connections to hosts are bound to: Envoy's `BindConfig`. Plain data. */
export interface UpstreamBindData {
  /** The first one of a host's own kind of IP address is used, else the first. Port 0 = any. */
  readonly sources: readonly { readonly ip: string; readonly port: number }[];
  /** From `socket_options`; null = they don't turn it on. */
  readonly keepalive: KeepaliveData | null;
}
