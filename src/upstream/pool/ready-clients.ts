import type { Http1Client } from "./http1-client.ts";

/**
 * The idle connections of a pool, the most recently used first: that one is the warmest, and those at the other end can
 * age and be closed. Any of them may leave in constant time.
 */
export class ReadyClients {
  /** The most recently used; null if there is none. */
  newest: Http1Client | null = null;
  /** The one that has been idle longest. */
  oldest: Http1Client | null = null;
  size = 0;

  addNewest(client: Http1Client): void {
    this.size++;
    client.newer = null;
    client.older = this.newest;
    if (this.newest === null) this.oldest = client;
    else this.newest.newer = client;
    this.newest = client;
  }

  /** `client` must be in the list. */
  remove(client: Http1Client): void {
    this.size--;
    if (client.newer === null) this.newest = client.older;
    else client.newer.older = client.older;
    if (client.older === null) this.oldest = client.newer;
    else client.older.newer = client.newer;
    client.newer = null;
    client.older = null;
  }
}
