import { Http2Error, protocolError } from "./codec-details.ts";
import type { Http2ProtocolData } from "./codec-options.ts";
import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW_BYTES, ErrorCode, MAX_WINDOW_BYTES, Setting } from "./frame.ts";

const DEFAULT_TABLE_BYTES = 4096;
const LARGEST_FRAME_BYTES = 2 ** 24 - 1;
/** How large our frames get, whatever the peer would take: streams share the connection. */
const OWN_FRAME_BYTES = 64 * 1024;

/** The peer's settings (RFC 9113 §6.5.2), with the values that hold before it has said anything. */
export class PeerSettings {
  headerTableBytes = DEFAULT_TABLE_BYTES;
  initialWindow = DEFAULT_WINDOW_BYTES;
  maxFrameBytes = DEFAULT_FRAME_BYTES;
  /** -1: it has set no limit. */
  maxConcurrentStreams = -1;
  enableConnectProtocol = false;

  /** Takes over the payload of a SETTINGS frame; throws `Http2Error` on values that may not be. */
  read(data: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at += 6) this.#apply(data.readUInt16BE(at), data.readUInt32BE(at + 2));
  }

  #apply(identifier: number, value: number): void {
    switch (identifier) {
      case Setting.headerTableSize:
        this.headerTableBytes = value;
        return;
      case Setting.enablePush:
        if (value > 1) throw protocolError("ENABLE_PUSH is neither 0 nor 1");
        return;
      case Setting.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return;
      case Setting.initialWindowSize:
        if (value > MAX_WINDOW_BYTES)
          throw new Http2Error(ErrorCode.flowControlError, "INITIAL_WINDOW_SIZE is too large");
        this.initialWindow = value;
        return;
      case Setting.maxFrameSize:
        if (value < DEFAULT_FRAME_BYTES || value > LARGEST_FRAME_BYTES)
          throw protocolError("MAX_FRAME_SIZE is out of range");
        this.maxFrameBytes = Math.min(value, OWN_FRAME_BYTES);
        return;
      case Setting.enableConnectProtocol:
        if (value > 1 || (value === 0 && this.enableConnectProtocol)) {
          throw protocolError("ENABLE_CONNECT_PROTOCOL is neither 0 nor 1, or was taken back");
        }
        this.enableConnectProtocol = value === 1;
        return;
      default:
    }
  }
}

/** Our settings, as pairs of identifier and value; only what differs from the protocol's own defaults. */
export function settingsToSend(options: Http2ProtocolData, isServer: boolean): number[] {
  const settings: number[] = [];
  if (!isServer) settings.push(Setting.enablePush, 0);
  if (options.hpackTableBytes !== DEFAULT_TABLE_BYTES) settings.push(Setting.headerTableSize, options.hpackTableBytes);
  settings.push(Setting.maxConcurrentStreams, options.maxConcurrentStreams);
  if (options.initialStreamWindowBytes !== DEFAULT_WINDOW_BYTES) {
    settings.push(Setting.initialWindowSize, options.initialStreamWindowBytes);
  }
  if (isServer && options.allowConnect) settings.push(Setting.enableConnectProtocol, 1);
  return settings;
}
