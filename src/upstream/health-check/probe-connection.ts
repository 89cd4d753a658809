import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import {
  type ClientConnection,
  type ClientConnectionCallbacks,
  CodecError,
  type ResponseDecoder,
} from "../../http/codec.ts";
import type { RequestHeaderMap } from "../../http/header-map.ts";
import { Http1ClientConnection } from "../../http/http1/client-connection.ts";
import type { Http1ClientOptions } from "../../http/http1/codec-options.ts";
import { Http2ClientConnection } from "../../http/http2/client-connection.ts";
import { DEFAULT_HTTP2_CLIENT_OPTIONS } from "../../http/http2/codec-options.ts";
import type { Http2CodecStats } from "../../http/http2/codec-stats.ts";
import type { Http2ClientHooks } from "../../http/http2/connection-hooks.ts";
import type { ProbeTarget } from "./probe.ts";
import { ProbeSocket } from "./probe-socket.ts";

/** Requests of checks are small; a host that takes not even these is slow, and the check's timeout ends it. */
const BUFFER_LIMIT_BYTES = 65_536;

/** What the codecs of checks work with. */
export interface ProbeCodecEnvironment {
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  /** Those of the cluster. */
  readonly http2Stats: Http2CodecStats;
}

/** One connection with its codec, through which a probe asks. Carries one request after the other while it is fit for it. */
export class ProbeConnection implements ClientConnectionCallbacks, Http2ClientHooks {
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly bufferLimitBytes = BUFFER_LIMIT_BYTES;
  readonly #socket: ProbeSocket;
  readonly #makeCodec: () => ClientConnection;
  /** Made when the connection is there: an HTTP/2 codec speaks first. */
  #codec: ClientConnection | null = null;
  #waiting: (() => void) | null = null;
  #onEnd: ((complete: boolean) => void) | null = null;
  #closed = false;
  #why = "";

  /** Begins to connect. `http1` null = HTTP/2 is spoken. */
  constructor(target: ProbeTarget, http1: Http1ClientOptions | null, environment: ProbeCodecEnvironment) {
    this.timers = environment.timers;
    this.random = environment.random;
    this.#socket = new ProbeSocket(target, http1 === null ? "h2" : "http/1.1", {
      onConnected: () => this.#onConnected(),
      onData: (data) => this.#onData(data),
      onClosed: (why) => this.#onClosed(why),
    });
    this.#makeCodec = () =>
      http1 === null
        ? new Http2ClientConnection(DEFAULT_HTTP2_CLIENT_OPTIONS, this.#socket, this, this, environment.http2Stats)
        : new Http1ClientConnection(http1, this.#socket, this, {
            readDisable: (disable) => this.#socket.readDisable(disable),
            closeWrite: () => {},
          });
  }

  /** Whether another request may follow the last one. */
  get isUsable(): boolean {
    return !this.#closed && this.#onEnd === null;
  }

  /** Why there was no whole answer to the last request, for people. */
  get why(): string {
    return this.#why;
  }

  /** Sends a request. `onEnd` follows once, unless the connection is closed before: with false if there was no whole answer. */
  ask(request: RequestHeaderMap, body: Buffer, decoder: ResponseDecoder, onEnd: (complete: boolean) => void): void {
    this.#onEnd = onEnd;
    this.#why = "the host reset the request or broke the protocol";
    const send = (): void => {
      const encoder = this.#codec!.newStream(decoder);
      encoder.encodeHeaders(request, body.length === 0);
      if (body.length > 0) encoder.encodeData(Buffer.from(body), true);
    };
    if (this.#codec !== null) send();
    else this.#waiting = send;
  }

  /** Gives up the connection and any answer. */
  close(): void {
    this.#onEnd = null;
    this.#closed = true;
    this.#socket.destroy();
    this.#codec?.onRemoteClose();
  }

  onStreamComplete(reusable: boolean, wasReset: boolean): void {
    if (!reusable) this.#closed = true;
    this.#end(!wasReset);
    if (this.#closed) this.#socket.destroy();
  }

  /** The answer to the present request may still come. */
  onGoAway(): void {
    this.#closed = true;
    if (this.#onEnd === null) this.#socket.destroy();
  }

  onMaxStreamsChanged(): void {}

  unsentBytes(): number {
    return this.#socket.unsentBytes;
  }

  onUnresponsive(): void {
    this.#fail("the host does not answer");
  }

  #onConnected(): void {
    this.#codec = this.#makeCodec();
    this.#waiting?.();
    this.#waiting = null;
  }

  #onData(data: Buffer): void {
    try {
      this.#codec?.dispatch(data);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#fail(`the host broke the protocol: ${error.message}`);
    }
  }

  #onClosed(why: string): void {
    this.#why = why;
    this.#closed = true;
    this.#codec?.onRemoteClose();
    this.#end(false);
  }

  #fail(why: string): void {
    this.#why = why;
    this.#closed = true;
    this.#socket.destroy();
    this.#end(false);
  }

  #end(complete: boolean): void {
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    onEnd?.(complete);
  }
}
