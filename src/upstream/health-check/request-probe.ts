import type { ResponseDecoder } from "../../http/codec.ts";
import { RequestHeaderMap, type ResponseHeaderMap, type TrailerMap } from "../../http/header-map.ts";
import type { Http1ClientOptions } from "../../http/http1/codec-options.ts";
import type { Probe, ProbeResult, ProbeTarget } from "./probe.ts";
import { type ProbeCodecEnvironment, ProbeConnection } from "./probe-connection.ts";

/** What there is to say of a host that could not be asked, or did not answer in full. */
const NETWORK_FAILURE: ProbeResult = { ok: false, failure: "NETWORK", retriable: false };

/**
 * Checks a host by a request, through Troupe's own codecs. The connection serves check after check if it may, else each has its own.
 * `HttpProbe` and `GrpcProbe` add what is asked, and which answers are good.
 */
export abstract class RequestProbe<Environment extends ProbeCodecEnvironment> implements Probe, ResponseDecoder {
  /** Why the last check failed, for people. Set by whoever judges an answer. */
  why = "";
  protected readonly target: ProbeTarget;
  protected readonly environment: Environment;
  /** Null = HTTP/2. */
  readonly #http1: Http1ClientOptions | null;
  readonly #reuse: boolean;
  readonly #onResult: (result: ProbeResult) => void;
  #connection: ProbeConnection | null = null;

  constructor(
    http1: Http1ClientOptions | null,
    reuse: boolean,
    target: ProbeTarget,
    environment: Environment,
    onResult: (result: ProbeResult) => void,
  ) {
    this.#http1 = http1;
    this.#reuse = reuse;
    this.target = target;
    this.environment = environment;
    this.#onResult = onResult;
  }

  /** The body of the request; empty = it has none. */
  protected abstract readonly requestBody: Buffer;
  /** Its head. */
  protected abstract request(): RequestHeaderMap;
  /** Forgets the answer before this one. */
  protected abstract beginAnswer(): void;
  /** What a whole answer says of the host. Sets `why` if it is not well. */
  protected abstract judge(): ProbeResult;

  abstract decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  abstract decodeData(data: Buffer): void;
  abstract decodeTrailers(trailers: TrailerMap): void;
  decode1xxHeaders(): void {}

  start(): void {
    if (this.#connection?.isUsable !== true) {
      this.#connection?.close();
      this.#connection = new ProbeConnection(this.target, this.#http1, this.environment);
    }
    this.beginAnswer();
    this.#connection.ask(this.request(), this.requestBody, this, (complete) => this.#onEnd(complete));
  }

  cancel(): void {
    this.close();
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  /** A request to `path` with the headers that all checks have. `authority` is what the check says of it; `""` = nothing. */
  protected requestTo(path: string, authority: string, headers: readonly string[]): RequestHeaderMap {
    const request = new RequestHeaderMap([...headers, "user-agent", "Envoy/HC"]);
    request.path = path;
    request.scheme = this.target.transportSocket === null ? "http" : "https";
    request.authority = this.target.hostname || authority || this.target.clusterName;
    return request;
  }

  /** The answer that has begun is bad enough; the rest of it is not waited for. */
  protected giveUp(result: ProbeResult): void {
    this.close();
    this.#onResult(result);
  }

  #onEnd(complete: boolean): void {
    this.why = complete ? "" : (this.#connection?.why ?? "");
    const result = complete ? this.judge() : NETWORK_FAILURE;
    if (!this.#reuse) this.close();
    this.#onResult(result);
  }
}
