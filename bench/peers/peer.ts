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
