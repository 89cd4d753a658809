import { proxyHeaderV1, proxyHeaderV2 } from "../../net/proxy-protocol/header-writer.ts";
import type { TcpCheckData } from "./health-check-data.ts";
import type { Probe, ProbeResult, ProbeTarget } from "./probe.ts";
import { ProbeSocket } from "./probe-socket.ts";
import { ReceivedPayload } from "./received-payload.ts";

const NETWORK_FAILURE: ProbeResult = { ok: false, failure: "NETWORK", retriable: false };
const NOTHING = Buffer.alloc(0);
const SUCCESS: ProbeResult = { ok: true, degraded: false };

/**
 * Checks that a host takes connections and, if asked to, says the right bytes. Source: Envoy's TCP health checker.
 * Differs from Envoy: a header of the PROXY protocol begins each connection, and is not sent again for each check on it.
 */
export class TcpProbe implements Probe {
  readonly #send: Buffer;
  readonly #receive: readonly Buffer[];
  readonly #proxyProtocol: TcpCheckData["proxyProtocol"];
  readonly #reuse: boolean;
  readonly #target: ProbeTarget;
  readonly #onResult: (result: ProbeResult) => void;
  #socket: ProbeSocket | null = null;
  #received: ReceivedPayload | null = null;
  #why = "";

  constructor(data: TcpCheckData, reuse: boolean, target: ProbeTarget, onResult: (result: ProbeResult) => void) {
    this.#send = Buffer.from(data.send, "hex");
    this.#receive = data.receive.map((part) => Buffer.from(part, "hex"));
    this.#proxyProtocol = data.proxyProtocol;
    this.#reuse = reuse;
    this.#target = target;
    this.#onResult = onResult;
  }

  get why(): string {
    return this.#why;
  }

  start(): void {
    this.#why = "";
    // A bare connect says nothing about a connection that is there already.
    if (this.#receive.length === 0) this.close();
    this.#received = new ReceivedPayload(this.#receive, 0);
    if (this.#socket !== null) {
      this.#ask(this.#socket);
      return;
    }
    const socket = new ProbeSocket(this.#target, null, {
      onConnected: () => this.#onConnected(socket),
      onData: (data) => this.#onData(data),
      onClosed: (why) => this.#onClosed(why),
    });
    this.#socket = socket;
  }

  cancel(): void {
    this.close();
  }

  close(): void {
    this.#received = null;
    this.#socket?.destroy();
    this.#socket = null;
  }

  #onConnected(socket: ProbeSocket): void {
    const header = this.#header(socket);
    if (this.#receive.length > 0) {
      this.#ask(socket, header);
      return;
    }
    if (header.length > 0) socket.write(header);
    this.#finish(SUCCESS);
  }

  #header(socket: ProbeSocket): Buffer {
    if (this.#proxyProtocol === null) return NOTHING;
    return this.#proxyProtocol === 1 ? proxyHeaderV1(socket.ends) : proxyHeaderV2(null);
  }

  #ask(socket: ProbeSocket, header: Buffer = NOTHING): void {
    const bytes = Buffer.concat([header, this.#send]);
    if (bytes.length > 0) socket.write(bytes);
  }

  #onData(data: Buffer): void {
    const received = this.#received;
    // Bytes between two checks would be taken for the next answer.
    if (received === null) {
      this.close();
      return;
    }
    received.add(data);
    if (received.matches) this.#finish(SUCCESS);
    else if (received.isFull) this.#finish(NETWORK_FAILURE, "its answer lacks the bytes that are expected");
  }

  #onClosed(why: string): void {
    this.#socket = null;
    if (this.#received !== null) this.#finish(NETWORK_FAILURE, why);
  }

  #finish(result: ProbeResult, why = ""): void {
    this.#why = why;
    this.#received = null;
    if (!this.#reuse || !result.ok || this.#receive.length === 0) this.close();
    this.#onResult(result);
  }
}
