/**
 * What the author of an HTTP filter module sees. A module is an ES module (JavaScript, or TypeScript that Node can strip)
 * whose exports are plain functions, all of them optional. Each worker loads its own copy. See docs/filters-in-typescript.md.
 */
export interface HttpModule {
  /**
   * Turns the `config` of the configuration into what the other functions find as `stream.config`. Called once per worker and
   * configuration; what it throws refuses the configuration with that message.
   */
  configure?(config: unknown): unknown;
  /** The request's headers have arrived. A promise holds the request back until it settles. */
  decodeHeaders?(stream: ModuleStream, endStream: boolean): void | Promise<void>;
  /**
   * A piece of the request's body; what is returned takes its place. A module that has this function sees the request without
   * its `content-length` behind it: the body may change its length, so it is sent chunked.
   */
  decodeData?(stream: ModuleStream, bytes: Buffer, endStream: boolean): Buffer | undefined;
  decodeTrailers?(stream: ModuleStream, trailers: ModuleHeaders): void;
  /** The response's headers have arrived, be it from upstream or made by the proxy. */
  encodeHeaders?(stream: ModuleStream, endStream: boolean): void | Promise<void>;
  /** A piece of the response's body, likewise. */
  encodeData?(stream: ModuleStream, bytes: Buffer, endStream: boolean): Buffer | undefined;
  encodeTrailers?(stream: ModuleStream, trailers: ModuleHeaders): void;
  /** The stream is over, however it ended. */
  onDestroy?(stream: ModuleStream): void;
}

/** The header fields of a message. Names may have any case; values are strings of bytes (latin1). */
export interface ModuleHeaders {
  /** All values of `name` joined by `,`; undefined if there is none. Pseudo-headers (`:path`, …) can be read and set too. */
  get(name: string): string | undefined;
  has(name: string): boolean;
  /** Throws `TypeError` if name or value could not stand in a header. */
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  remove(name: string): void;
  entries(): IterableIterator<[name: string, value: string]>;
}

/** One request and its response, as a module sees them. Must not be kept after `onDestroy`. */
export interface ModuleStream {
  readonly request: ModuleHeaders;
  /** Null until a response has begun. */
  readonly response: ModuleHeaders | null;
  /** Status of the response; 0 until one has begun. Can be set in `encodeHeaders`. */
  status: number;
  /** The `config` of the route, as it is, if it has one; else what `configure` made of the filter's. */
  readonly config: unknown;
  /** The module's own notes about this stream. */
  state: unknown;
  /** Address of the client, without port. */
  readonly clientIp: string;
  readonly routeName: string;
  /** Answers the request here; only from the decode functions. */
  respond(status: number, body?: string, headers?: Readonly<Record<string, string>>): void;
  /** Forgets the route, so that it is chosen again with the headers as they are now. */
  clearRouteCache(): void;
  /** Dynamic metadata of one namespace: access logs print it with `%DYNAMIC_METADATA(…)%`. */
  metadata(namespace: string): Record<string, unknown>;
}
