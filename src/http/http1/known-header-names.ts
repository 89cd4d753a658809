import { internHeaderName } from "../header-map.ts";
import { TOKEN_LOWER } from "./characters.ts";

/**
 * Number of a header name that the codec itself looks at; the position in `KNOWN_NAMES`. Names from `other` on are known
 * only to be found quickly.
 */
export const KnownName = {
  unknown: -1,
  host: 0,
  contentLength: 1,
  transferEncoding: 2,
  connection: 3,
  upgrade: 4,
  expect: 5,
  http2Settings: 6,
  other: 7,
} as const;

/** The names of `KnownName` in its order, then the names that real traffic is made of. Interned. */
export const KNOWN_NAMES: readonly string[] = [
  "host content-length transfer-encoding connection upgrade expect http2-settings",
  "accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials",
  "access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers",
  "access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc authorization",
  "cache-control content-disposition content-encoding content-language content-location content-range",
  "content-security-policy content-type cookie date dnt etag expires forwarded from grpc-accept-encoding grpc-encoding",
  "grpc-message grpc-status grpc-timeout if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive",
  "last-modified link location max-forwards origin pragma priority proxy-authenticate proxy-authorization",
  "proxy-connection range referer referrer-policy retry-after sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform",
  "sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-accept sec-websocket-extensions",
  "sec-websocket-key sec-websocket-protocol sec-websocket-version server set-cookie strict-transport-security te",
  "traceparent tracestate trailer upgrade-insecure-requests user-agent vary via www-authenticate",
  "x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-content-type-options",
  "x-envoy-attempt-count x-envoy-decorator-operation x-envoy-expected-rq-timeout-ms x-envoy-external-address",
  "x-envoy-internal x-envoy-upstream-service-time x-forwarded-client-cert x-forwarded-for x-forwarded-host",
  "x-forwarded-port x-forwarded-proto x-frame-options x-powered-by x-real-ip x-request-id x-requested-with",
  "x-xss-protection",
].flatMap((line) => line.split(" ").map(internHeaderName));

/** Open addressing, at most a quarter full. A slot holds the number of a name plus one; 0 is empty. */
const SLOT_COUNT = 1024;
const slots = new Uint8Array(SLOT_COUNT);
const nameStarts = new Uint32Array(KNOWN_NAMES.length + 1);
const nameBytes = Buffer.from(KNOWN_NAMES.join(""), "latin1");

for (let id = 0, start = 0; id < KNOWN_NAMES.length; id++) {
  const name = KNOWN_NAMES[id]!;
  let slot = firstSlot(nameBytes, start, start + name.length);
  while (slots[slot] !== 0) slot = (slot + 1) % SLOT_COUNT;
  slots[slot] = id + 1;
  nameStarts[id] = start;
  start += name.length;
  nameStarts[id + 1] = start;
}

/**
 * Where the search for a name begins. Length and three bytes tell the known names apart well enough; looking at more
 * costs more than it saves.
 */
function firstSlot(data: Buffer, start: number, end: number): number {
  const first = TOKEN_LOWER[data[start]!]!;
  const middle = TOKEN_LOWER[data[(start + end) >> 1]!]!;
  const last = TOKEN_LOWER[data[end - 1]!]!;
  return (((end - start) << 5) + first * 3 + middle * 37 + last * 101) & (SLOT_COUNT - 1);
}

/**
 * The number of the known name that stands at `data[start, end)` in any case, or `KnownName.unknown`. Compares all bytes,
 * so names chosen to collide are told apart; makes no string.
 */
export function findKnownName(data: Buffer, start: number, end: number): number {
  const length = end - start;
  let slot = firstSlot(data, start, end);
  for (;;) {
    const entry = slots[slot]!;
    if (entry === 0) return KnownName.unknown;
    const at = nameStarts[entry - 1]!;
    if (nameStarts[entry]! - at === length) {
      let i = 0;
      while (i < length && TOKEN_LOWER[data[start + i]!] === nameBytes[at + i]) i++;
      if (i === length) return entry - 1;
    }
    slot = (slot + 1) & (SLOT_COUNT - 1);
  }
}
