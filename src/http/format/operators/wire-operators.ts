import type { StreamBytes } from "../../codec.ts";
import type { StreamInfo } from "../../stream-info.ts";
import { type FormatOperator, plainOperator } from "../format-context.ts";

/** Of plain TCP, whose bytes are all body. */
interface BodyBytes {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly wire: StreamBytes | null;
}

function sent(side: BodyBytes | null): number {
  return side === null ? 0 : side.wire === null ? side.bytesSent : side.wire.wireBytesSent;
}

function received(side: BodyBytes | null): number {
  return side === null ? 0 : side.wire === null ? side.bytesReceived : side.wire.wireBytesReceived;
}

/** What each side has cost: all of it, and its heads alone. A side that there is none of has cost nothing. */
function operatorsOf(prefix: string, sideOf: (info: StreamInfo) => BodyBytes | null): [string, FormatOperator][] {
  return [
    [`${prefix}_WIRE_BYTES_SENT`, plainOperator(({ streamInfo }) => sent(sideOf(streamInfo)))],
    [`${prefix}_WIRE_BYTES_RECEIVED`, plainOperator(({ streamInfo }) => received(sideOf(streamInfo)))],
    [`${prefix}_HEADER_BYTES_SENT`, plainOperator(({ streamInfo }) => sideOf(streamInfo)?.wire?.headerBytesSent ?? 0)],
    [
      `${prefix}_HEADER_BYTES_RECEIVED`,
      plainOperator(({ streamInfo }) => sideOf(streamInfo)?.wire?.headerBytesReceived ?? 0),
    ],
  ];
}

/** Operators about bytes on the wire, with the framing of HTTP and, in HTTP/2, compressed. */
export const wireOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ...operatorsOf("DOWNSTREAM", (info) => info),
  ...operatorsOf("UPSTREAM", (info) => info.upstream),
]);
