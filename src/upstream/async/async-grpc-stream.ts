import { GrpcFrameReader, grpcFrame } from "../../http/grpc/grpc-frames.ts";
import { decodeGrpcMessage } from "../../http/grpc/grpc-message.ts";
import { GrpcStatus, grpcStatusIn, grpcStatusOfHttp } from "../../http/grpc/grpc-status.ts";
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../http/header-map.ts";
import type { AsyncClient } from "./async-client.ts";
import type { AsyncCall, AsyncFailure } from "./async-failure.ts";
import type { AsyncStream, AsyncStreamCallbacks } from "./async-stream.ts";
import type { GrpcServiceData } from "./grpc-service-data.ts";

const EMPTY = Buffer.alloc(0);

/** What comes of a stream of messages. */
export interface AsyncGrpcStreamCallbacks {
  onMessage(message: Buffer): void;
  /** The last call: the stream is over, by the service's will (`status` 0 = fine) or another's. */
  onClosed(status: number, message: string): void;
}

/**
 * A stream of messages to a service, and its messages back. What can't be sent yet is bounded: over the bound `send` refuses, and the
 * caller drops or waits. Made by `AsyncGrpcClient.open`.
 */
export class AsyncGrpcStream implements AsyncCall, AsyncStreamCallbacks {
  readonly #client: AsyncClient;
  readonly #service: GrpcServiceData;
  readonly #maxQueuedBytes: number;
  readonly #callbacks: AsyncGrpcStreamCallbacks;
  readonly #reader: GrpcFrameReader;
  readonly #statusOf: (failure: AsyncFailure) => number;
  #stream: AsyncStream | null = null;
  #headers: ResponseHeaderMap | null = null;
  #over = false;

  constructor(
    client: AsyncClient,
    service: GrpcServiceData,
    maxQueuedBytes: number,
    callbacks: AsyncGrpcStreamCallbacks,
    statusOf: (failure: AsyncFailure) => number,
  ) {
    this.#client = client;
    this.#service = service;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#callbacks = callbacks;
    this.#reader = new GrpcFrameReader(service.maxMessageBytes);
    this.#statusOf = statusOf;
  }

  /** False if it is over already. */
  start(headers: RequestHeaderMap): boolean {
    this.#stream = this.#client.open(this.#service.cluster, headers, false, this);
    return this.#stream !== null;
  }

  /** Sends a message; false, and nothing done, if too much waits or the stream is over. */
  send(message: Uint8Array): boolean {
    const stream = this.#stream;
    if (this.#over || stream === null || stream.isBackedUp) return false;
    if (stream.unsentBytes > 0 && stream.unsentBytes + message.length > this.#maxQueuedBytes) return false;
    stream.sendData(grpcFrame(message), false);
    return true;
  }

  /** Whether its cluster has been changed or removed: end it, and open another. */
  get isStale(): boolean {
    return this.#stream !== null && this.#client.isStale(this.#stream);
  }

  /** No further message is sent; the service's answer may still come. */
  end(): void {
    if (!this.#over) this.#stream?.sendData(EMPTY, true);
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream?.cancel();
  }

  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.#headers = headers;
    if (headers.status !== 200) {
      this.#fail(grpcStatusOfHttp(headers.status), `HTTP status ${headers.status}`);
      return;
    }
    if (endStream) this.#close(headers);
  }

  onData(data: Buffer, endStream: boolean): void {
    this.#reader.push(data);
    for (let frame = this.#reader.next(); frame !== null && !this.#over; frame = this.#reader.next()) {
      this.#callbacks.onMessage(frame.message);
    }
    if (this.#over) return;
    if (this.#reader.error !== null) this.#fail(GrpcStatus.internal, "the service sends no messages");
    else if (endStream) this.#close(this.#headers!);
  }

  onTrailers(trailers: TrailerMap): void {
    this.#close(trailers);
  }

  onFailure(failure: AsyncFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#callbacks.onClosed(this.#statusOf(failure), failure.details);
  }

  #close(last: HeaderMap): void {
    if (this.#over) return;
    this.#over = true;
    this.#callbacks.onClosed(
      grpcStatusIn(last) ?? GrpcStatus.unknown,
      decodeGrpcMessage(last.get("grpc-message") ?? ""),
    );
  }

  #fail(status: number, message: string): void {
    this.cancel();
    this.#callbacks.onClosed(status, message);
  }
}
