/**
 * A port of loopback on which nobody listens (tcpmux). Unlike one that was free a moment ago it is never given to another process that
 * asks for any.
 */
export const REFUSING_PORT = 1;
