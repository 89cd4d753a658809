/** The methods that are served without `allow_custom_methods`: IANA's registry, as far as HTTP/1 parsers know it. */
export const REGISTERED_METHODS: ReadonlySet<string> = new Set(
  [
    "ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY",
    "OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK",
    "UNLOCK UNSUBSCRIBE",
  ].flatMap((line) => line.split(" ")),
);

/** Whether a request of this method that has no body needs no `content-length: 0` to say so (RFC 9110 §8.6). */
export function methodUsuallyHasNoBody(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "DELETE" || method === "TRACE" || method === "CONNECT";
}
