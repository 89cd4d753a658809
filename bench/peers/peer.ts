/** A certificate with its key. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** One file with both. */
  readonly both: string;
}

/** What a proxy speaks, and with whom. HTTP/2 without TLS is that of prior knowledge. */
export interface PeerProtocols {
  readonly downstream: "http1" | "http2";
  readonly upstream: "http1" | "http2";
  /** From clients; null = none. */
  readonly tls: TlsFiles | null;
}

/** HTTP/1.1 both ways without TLS. */
export const PLAIN_HTTP1: PeerProtocols = { downstream: "http1", upstream: "http1", tls: null };

/** What a proxy is to do in a case. */
export interface PeerWork {
  /** A folder for its files. */
  readonly folder: string;
  /** Port of the backend on 127.0.0.1. */
  readonly backendPort: number;
  /** 0: everything goes to the backend. Otherwise: `/service-<n>/` does, for each n below this, and nothing else. */
  readonly routes: number;
  /** Whether bytes are moved without looking into them: a TCP proxy. */
  readonly tcp: boolean;
  /** Without meaning for a TCP proxy. */
  readonly protocols: PeerProtocols;
}

/** A proxy that runs, on the proxy core, with one worker. */
export interface RunningPeer {
  readonly port: number;
  /** Root of its process tree. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** One of the proxies that are compared. */
export interface Peer {
  readonly name: string;
  /** Resolves when it takes requests. */
  start(work: PeerWork): Promise<RunningPeer>;
}

/** The prefix of route number `index`. */
export function routePrefix(index: number): string {
  return `/service-${index}/`;
}
