import net from "node:net";
import { proxyHeaderV1, proxyHeaderV2 } from "../../../net/proxy-protocol/header-writer.ts";
import { ownEnds } from "../../../net/proxy-protocol/own-ends.ts";
import { type PassThroughTlvs, passedTlvs } from "../../../net/proxy-protocol/passed-tlvs.ts";
import { toldEnds } from "../../../net/proxy-protocol/told-ends.ts";
import type { UpstreamSocketRequest, UpstreamTransportSocketFactory } from "../../../net/transport-socket.ts";

/**
 * Connections that begin by saying, in a header of the PROXY protocol, from whom to whom the client's connection goes. Those of the proxy
 * itself, such as health checks, name their own ends (version 1) or say that they are local (version 2).
 * Source: Envoy's `UpstreamProxyProtocolSocket`.
 */
export class UpstreamProxyProtocolFactory implements UpstreamTransportSocketFactory {
  readonly tellsAddresses = true;
  readonly #version: 1 | 2;
  readonly #passThroughTlvs: PassThroughTlvs;
  readonly #inner: UpstreamTransportSocketFactory | null;

  /** `inner` makes what follows the header; null is a plain socket. */
  constructor(version: 1 | 2, passThroughTlvs: PassThroughTlvs, inner: UpstreamTransportSocketFactory | null) {
    this.#version = version;
    this.#passThroughTlvs = passThroughTlvs;
    this.#inner = inner;
  }

  connect(request: UpstreamSocketRequest): net.Socket {
    const prologue = (socket: net.Socket): Buffer => this.#header(request, socket);
    if (this.#inner !== null) return this.#inner.connect({ ...request, prologue });
    const socket = net.connect(request.options);
    socket.once("connect", () => socket.write(prologue(socket)));
    return socket;
  }

  #header({ addresses }: UpstreamSocketRequest, socket: net.Socket): Buffer {
    const told = addresses === undefined ? null : toldEnds(addresses.source, addresses.destination);
    if (this.#version === 2) return proxyHeaderV2(told, passedTlvs(addresses?.tlvs ?? [], this.#passThroughTlvs));
    return proxyHeaderV1(told ?? (addresses === undefined ? ownEnds(socket) : null));
  }
}
