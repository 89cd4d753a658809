import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { Span } from "../../../http/span.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { AsyncCall } from "../../../upstream/async/async-failure.ts";
import type { HeaderChange } from "../../header-change.ts";

/** What a service is asked about. */
export interface CheckSubject {
  readonly headers: RequestHeaderMap;
  readonly streamInfo: StreamInfo;
  /** Null: the body is not sent. */
  readonly body: Buffer | null;
  /** Whether there is more of the body than that. */
  readonly isPartial: boolean;
  readonly asBytes: boolean;
  readonly contextExtensions: Readonly<Record<string, string>>;
  readonly routeMetadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** What a service says. `error`: it says nothing that can be used. */
export type AuthzAnswer =
  | {
      readonly verdict: "ok";
      readonly requestHeaders: readonly HeaderChange[];
      /** In lower case. */
      readonly headersToRemove: readonly string[];
      readonly responseHeaders: readonly HeaderChange[];
      readonly queryToSet: readonly (readonly [string, string])[];
      readonly queryToRemove: readonly string[];
      readonly metadata: Readonly<Record<string, unknown>> | null;
    }
  | {
      readonly verdict: "denied";
      readonly status: number;
      readonly body: string;
      readonly responseHeaders: readonly HeaderChange[];
      readonly metadata: Readonly<Record<string, unknown>> | null;
    }
  | { readonly verdict: "error" };

/** Asks an authorization service. */
export interface AuthzClient {
  /** `onAnswer` is called once, perhaps before `check` returns; not after a cancel. */
  check(subject: CheckSubject, onAnswer: (answer: AuthzAnswer) => void): AsyncCall;
}

/** Notes on the span of a check what came of it. Source: Envoy's `TracingConstants` of ext_authz. */
export function tagAnswer(span: Span, { verdict }: AuthzAnswer): void {
  if (verdict !== "error")
    span.setTag("ext_authz_status", verdict === "ok" ? "ext_authz_ok" : "ext_authz_unauthorized");
}
