import type { ConnectData } from "./connect-data.ts";
import type { InternalRedirectData } from "./internal-redirect-data.ts";
import type { MaxStreamDuration } from "./max-stream-duration.ts";
import type { RequestMirrorData } from "./request-mirror.ts";
import type { RetryPolicyData } from "./retry-policy-data.ts";

/** What a route that forwards says of all its requests, whichever cluster they go to. Plain data. */
export interface ForwardSettings {
  /** Status of the answer if there is no such cluster. */
  readonly clusterNotFoundStatus: 503 | 404 | 500;
  /** From the whole request received to the whole response. Default 15,000; 0 = off. */
  readonly timeoutMs: number;
  /** Null = the connection manager's. */
  readonly maxStreamDuration: MaxStreamDuration | null;
  /** The route's own, else the virtual host's; null if neither has one. */
  readonly retryPolicy: RetryPolicyData | null;
  /** An attempt that is too slow goes on beside the one that is made in addition. */
  readonly hedgeOnPerTryTimeout: boolean;
  /** Redirects of the upstream that the proxy follows itself; null = none. */
  readonly internalRedirect: InternalRedirectData | null;
  /** Where copies of the request go: the route's, else the virtual host's or the route configuration's. */
  readonly mirrors: readonly RequestMirrorData[];
  /** Which set of circuit breakers the request counts in. */
  readonly priority: "default" | "high";
  /** Whoever rewrites the authority adds the old one to `x-forwarded-host`. */
  readonly appendXForwardedHost: boolean;
  /** Whose bytes go to the host without HTTP around them; null = nobody's. */
  readonly connect: ConnectData | null;
  /** The virtual host's `rate_limits` count beside the route's. */
  readonly includeVirtualHostRateLimits: boolean;
}
