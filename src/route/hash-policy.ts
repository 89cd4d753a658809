import { isIP } from "node:net";
import { Uint64 } from "../base/uint64.ts";
import { xxHash64 } from "../base/xx-hash64.ts";
import { requestCookie, setCookieValue } from "../http/cookies.ts";
import type { RequestHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import { queryParameter } from "../match/query-parameter-matcher.ts";
import { RegexRewrite } from "../match/regex-rewrite.ts";
import { wireText } from "../match/wire-text.ts";
import type { HashPolicyData, HashPolicySourceData } from "./hash-policy-data.ts";

/** What hash policies read of a request, and where they leave cookies that its response is to set. */
export interface HashedRequest {
  readonly headers: RequestHeaderMap;
  readonly streamInfo: StreamInfo;
  /** Takes the value of a `Set-Cookie` header. */
  setCookie(value: string): void;
}

/** Puts the hash of one thing about the request into `into`, which is 0 before; false if the request lacks it. */
type HashSource = (request: HashedRequest, into: Uint64) => boolean;

/**
 * What of a request decides the host that a hashing load balancer gives it. Immutable; one per route and worker.
 * Source: Envoy's `HashPolicyImpl`.
 */
export class HashPolicy {
  readonly #sources: readonly HashSource[];
  readonly #terminal: readonly boolean[];
  readonly #part = new Uint64();

  constructor(policies: readonly HashPolicyData[]) {
    this.#sources = policies.map(createSource);
    this.#terminal = policies.map((policy) => policy.terminal);
  }

  /** Puts the request's hash into `into`; false, and `into` means nothing, if the request has nothing to hash. */
  compute(request: HashedRequest, into: Uint64): boolean {
    const part = this.#part;
    let found = false;
    into.set(0, 0);
    for (let at = 0; at < this.#sources.length; at++) {
      if (this.#sources[at]!(request, part.set(0, 0))) {
        // Turned, so that two equal entries do not cancel each other out.
        if (found) into.rotateLeft(1);
        into.xor(part.high, part.low);
        found = true;
      }
      if (found && this.#terminal[at]) break;
    }
    return found;
  }
}

function createSource(data: HashPolicySourceData): HashSource {
  switch (data.type) {
    case "header":
      return headerSource(data.name, data.rewrite === null ? null : new RegexRewrite(data.rewrite));
    case "cookie":
      return cookieSource(data);
    case "source_ip":
      return ({ streamInfo }, into) => {
        const ip = streamInfo.downstreamRemoteIp;
        if (isIP(ip) === 0) return false;
        xxHash64(ip, into);
        return true;
      };
    case "query_parameter": {
      const name = wireText(data.name);
      return ({ headers }, into) => hashText(queryParameter(headers.path, name), into);
    }
    case "filter_state":
      return ({ streamInfo }, into) => {
        const value = streamInfo.filterState?.get(data.key);
        return typeof value === "string" && hashText(wireText(value), into);
      };
  }
}

function hashText(text: string | undefined, into: Uint64): boolean {
  if (text === undefined) return false;
  xxHash64(text, into);
  return true;
}

function headerSource(name: string, rewrite: RegexRewrite | null): HashSource {
  return ({ headers }, into) => {
    if (name.startsWith(":") || name === "host") {
      const text = headers.lookup(name);
      return hashText(text !== undefined && rewrite !== null ? rewrite.replaceAll(text) : text, into);
    }
    const values = headers.getAll(name);
    if (values.length === 0) return false;
    if (rewrite !== null) for (const [at, value] of values.entries()) values[at] = rewrite.replaceAll(value);
    // The order of the fields does not count.
    if (values.length > 1) values.sort();
    for (const value of values) xxHash64(value, into);
    return true;
  };
}

/** A request without the cookie gets one if there is a `ttl`: its value is made of the connection's addresses. */
function cookieSource(data: Extract<HashPolicySourceData, { type: "cookie" }>): HashSource {
  const name = wireText(data.name);
  const { ttlMs } = data;
  const traits = {
    maxAgeS: Math.trunc((ttlMs ?? 0) / 1000),
    path: wireText(data.path),
    attributes: data.attributes.map((pair) => ({ name: wireText(pair.name), value: wireText(pair.value) })),
  };
  return (request, into) => {
    const sent = requestCookie(request.headers, name);
    if (sent !== undefined && sent !== "") return hashText(sent, into);
    if (ttlMs === null) return false;
    const { remoteAddress, localAddress } = request.streamInfo.connection;
    const value = xxHash64(`${remoteAddress}${localAddress}`, new Uint64()).toHex();
    request.setCookie(setCookieValue(name, value, traits));
    return hashText(value, into);
  };
}
