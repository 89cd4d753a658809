import type { Clock } from "../../base/clock.ts";
import { requestCookie, setCookieValue } from "../../http/cookies.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../http/header-map.ts";
import { decodeSessionCookie, encodeSessionCookie } from "./cookie-value.ts";
import type { SessionStateData } from "./session-state-data.ts";

/** Reads the host of a session from requests, and writes it to responses. */
export interface SessionState {
  /** Whether a request has a session at all. */
  appliesTo(request: RequestHeaderMap): boolean;
  /** `ip:port`; undefined if the session has no host yet. */
  hostOf(request: RequestHeaderMap): string | undefined;
  /** Tells the client the host that its session has from now on. */
  tell(response: ResponseHeaderMap, address: string): void;
}

/** The state that `data` stands for. */
export function createSessionState(data: SessionStateData, clock: Clock): SessionState {
  return data.type === "cookie" ? new CookieState(data, clock) : new HeaderState(data.name);
}

/**
 * The host in a cookie. Source: Envoy's `CookieBasedSessionStateFactory`.
 * Differs from Envoy: the time at which a cookie ends is one of the day, so that it holds for another process too.
 */
class CookieState implements SessionState {
  readonly #data: SessionStateData & { readonly type: "cookie" };
  readonly #clock: Clock;

  constructor(data: SessionStateData & { readonly type: "cookie" }, clock: Clock) {
    this.#data = data;
    this.#clock = clock;
  }

  appliesTo({ path }: RequestHeaderMap): boolean {
    const own = this.#data.path;
    if (own === "" || own === "/") return true;
    if (!path.startsWith(own)) return false;
    if (own.endsWith("/") || path.length === own.length) return true;
    const next = path[own.length];
    return next === "/" || next === "?" || next === "#";
  }

  hostOf(request: RequestHeaderMap): string | undefined {
    const value = requestCookie(request, this.#data.name);
    const cookie = value === undefined ? undefined : decodeSessionCookie(value);
    if (cookie === undefined) return undefined;
    const isOver = cookie.expiresS > 0 && this.#clock.wallMs() > cookie.expiresS * 1000;
    return isOver ? undefined : cookie.address;
  }

  tell(response: ResponseHeaderMap, address: string): void {
    const { name, ttlS, path } = this.#data;
    const expiresS = ttlS === 0 ? 0 : Math.floor(this.#clock.wallMs() / 1000) + ttlS;
    const value = encodeSessionCookie({ address, expiresS });
    response.add("set-cookie", setCookieValue(name, value, { maxAgeS: ttlS, path, attributes: [] }));
  }
}

/** The host in a header, in base64. Source: Envoy's `HeaderBasedSessionStateFactory`. */
class HeaderState implements SessionState {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  appliesTo(): boolean {
    return true;
  }

  hostOf(request: RequestHeaderMap): string | undefined {
    const value = request.get(this.#name);
    if (value === undefined || value === "") return undefined;
    const address = Buffer.from(value, "base64").toString("latin1");
    return address === "" ? undefined : address;
  }

  tell(response: ResponseHeaderMap, address: string): void {
    response.set(this.#name, Buffer.from(address, "latin1").toString("base64"));
  }
}
