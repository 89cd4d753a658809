/** What an HTTP/1 codec asks of the connection it runs on, beside writing. Implemented by the connection's owner. */
export interface Http1ConnectionHooks {
  /** Counted: `true` stops reading from the socket, as many `false` start it again. */
  readDisable(disable: boolean): void;
}

/** As above, on the server's side. */
export interface Http1ServerHooks extends Http1ConnectionHooks {
  /**
   * Bytes that came earlier can be decoded now. Must lead to one `dispatch` of an empty buffer, unless the connection
   * closes before; not from inside this call, but when the present calls have returned (`queueMicrotask` will do).
   */
  scheduleDispatch(): void;
}

/** As above, on the client's side. */
export interface Http1ClientHooks extends Http1ConnectionHooks {
  /** Tells the peer that nothing follows what was written, and goes on reading. */
  closeWrite(): void;
}
