import type { FormatContext, FormatEnvironment } from "../../../http/format/format-context.ts";
import { stripForHeader } from "../../../http/format/log-escape.ts";
import { SubstitutionFormatter } from "../../../http/format/substitution-formatter.ts";
import { RequestHeaderMap } from "../../../http/header-map.ts";
import type { ConnectionState } from "../../../net/connection-state.ts";
import { HeaderMutations } from "../../../route/header-mutations.ts";
import type { TunnelData } from "./tcp-proxy-data.ts";
import { TunnelRecord } from "./tunnel-record.ts";

/** Makes the requests that open tunnels, as `tunneling_config` says. Immutable; one per worker. */
export class TunnelRequest {
  readonly #data: TunnelData;
  readonly #hostname: SubstitutionFormatter;
  readonly #headers: HeaderMutations;

  constructor(data: TunnelData, environment: FormatEnvironment) {
    this.#data = data;
    this.#hostname = new SubstitutionFormatter(data.hostname, { missing: "", sanitize: stripForHeader }, environment);
    this.#headers = new HeaderMutations(data.headers, environment);
  }

  /** Keeps the answers to the requests of one connection; null if nothing of them is to be kept. */
  record(state: ConnectionState): TunnelRecord | null {
    return TunnelRecord.of(this.#data, state);
  }

  /** The head of the request for one connection. */
  headers(context: FormatContext): RequestHeaderMap {
    const headers = new RequestHeaderMap();
    headers.method = this.#data.method;
    headers.authority = this.#hostname.format(context);
    if (this.#data.method === "POST") {
      headers.path = this.#data.path;
      headers.scheme = "http";
    }
    this.#headers.apply(headers, context);
    return headers;
  }
}
