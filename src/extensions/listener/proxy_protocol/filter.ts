import type { Buffer } from "node:buffer";
import type { InspectedConnection } from "../../../net/inspected-connection.ts";
import { InspectionStatus, type ListenerFilter } from "../../../net/listener-filter.ts";
import { passedTlvs } from "../../../net/proxy-protocol/passed-tlvs.ts";
import { PROXY_PROTOCOL_STATE_KEY, type ProxyProtocolData } from "../../../net/proxy-protocol/proxy-protocol-data.ts";
import {
  decodeV1,
  decodeV2,
  type ProxyProtocolHeader,
  proxyProtocolVersion,
} from "../../../net/proxy-protocol/proxy-protocol-decoder.ts";
import type { ProxyProtocolFilterData } from "./proxy-protocol-filter-data.ts";
import type { ProxyProtocolStats } from "./stats.ts";

const ALL_VERSIONS = [1, 2] as const;

/**
 * Takes the PROXY protocol header off the beginning of a connection: the addresses it names stand for the connection's from then on, TLVs that
 * rules name become dynamic metadata, others filter state for upstream connections. A connection with a bad header, or without one where it is
 * not allowed, is closed. Source: Envoy's `ProxyProtocol` listener filter.
 */
export class ProxyProtocolFilter implements ListenerFilter {
  takenBytes = 0;
  readonly #data: ProxyProtocolFilterData;
  readonly #stats: ProxyProtocolStats;

  constructor(data: ProxyProtocolFilterData, stats: ProxyProtocolStats) {
    this.#data = data;
    this.#stats = stats;
  }

  onPeek(bytes: Buffer, connection: InspectedConnection): InspectionStatus {
    const { versions, allowWithout } = this.#data;
    // Where connections may come without a header, what begins like a version that is not looked for is a request.
    const version = proxyProtocolVersion(bytes, allowWithout ? versions : ALL_VERSIONS);
    if (version === "moreData") return InspectionStatus.moreData;
    if (version === null) {
      (allowWithout ? this.#stats.notFoundAllowed : this.#stats.notFoundDisallowed).inc();
      return allowWithout ? InspectionStatus.done : InspectionStatus.close;
    }
    const stats = version === 1 ? this.#stats.v1 : this.#stats.v2;
    if (!versions.includes(version)) {
      stats.disallowed.inc();
      return InspectionStatus.close;
    }
    const header = version === 1 ? decodeV1(bytes) : decodeV2(bytes);
    if (header === "moreData") return InspectionStatus.moreData;
    if (header === "malformed") {
      stats.error.inc();
      return InspectionStatus.close;
    }
    stats.found.inc();
    this.takenBytes = header.headerBytes;
    if (header.addresses !== null) this.#apply(header, header.addresses, connection);
    return InspectionStatus.done;
  }

  #apply(
    { tlvs }: ProxyProtocolHeader,
    { source, destination }: NonNullable<ProxyProtocolHeader["addresses"]>,
    connection: InspectedConnection,
  ): void {
    connection.remoteAddress = source;
    connection.localAddress = destination;
    const { rules, passThrough } = this.#data;
    for (const { type, value } of tlvs) {
      for (const { tlvType, namespace, key } of rules) {
        if (tlvType === type) connection.state.metadata(namespace)[key] = printable(value);
      }
    }
    const data: ProxyProtocolData = { source, destination, tlvs: passedTlvs(tlvs, passThrough) };
    connection.state.setFilterState(PROXY_PROTOCOL_STATE_KEY, data);
  }
}

/** The value as text; what is no UTF-8 is shown as `!`, as in Envoy. */
function printable(value: Buffer): string {
  return value.toString("utf8").replaceAll("\uFFFD", "!");
}
