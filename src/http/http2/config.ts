import { durationMs } from "../../config/duration-ms.ts";
import type { Http2ProtocolOptions, KeepaliveSettings } from "../../proto/gen/envoy/config/core/v3/protocol_pb.js";
import { DEFAULT_HTTP2_PROTOCOL, type Http2ProtocolData, type KeepaliveOptions } from "./codec-options.ts";

const DEFAULT_JITTER_PERCENT = 15;

/** Compiles `envoy.config.core.v3.Http2ProtocolOptions`; main side. */
export function compileHttp2Protocol(message: Http2ProtocolOptions | undefined): Http2ProtocolData {
  const otherwise = DEFAULT_HTTP2_PROTOCOL;
  if (message === undefined) return otherwise;
  return {
    hpackTableBytes: message.hpackTableSize ?? otherwise.hpackTableBytes,
    maxConcurrentStreams: message.maxConcurrentStreams ?? otherwise.maxConcurrentStreams,
    initialStreamWindowBytes: message.initialStreamWindowSize ?? otherwise.initialStreamWindowBytes,
    initialConnectionWindowBytes: message.initialConnectionWindowSize ?? otherwise.initialConnectionWindowBytes,
    allowConnect: message.allowConnect,
    maxOutboundFrames: message.maxOutboundFrames ?? otherwise.maxOutboundFrames,
    maxOutboundControlFrames: message.maxOutboundControlFrames ?? otherwise.maxOutboundControlFrames,
    maxConsecutiveInboundFramesWithEmptyPayload:
      message.maxConsecutiveInboundFramesWithEmptyPayload ?? otherwise.maxConsecutiveInboundFramesWithEmptyPayload,
    maxInboundPriorityFramesPerStream:
      message.maxInboundPriorityFramesPerStream ?? otherwise.maxInboundPriorityFramesPerStream,
    maxInboundWindowUpdateFramesPerDataFrameSent:
      message.maxInboundWindowUpdateFramesPerDataFrameSent ?? otherwise.maxInboundWindowUpdateFramesPerDataFrameSent,
    streamErrorOnInvalidHttpMessage:
      message.overrideStreamErrorOnInvalidHttpMessage ?? message.streamErrorOnInvalidHttpMessaging,
    keepalive: message.connectionKeepalive === undefined ? null : compileKeepalive(message.connectionKeepalive),
  };
}

function compileKeepalive(message: KeepaliveSettings): KeepaliveOptions {
  return {
    intervalMs: durationMs(message.interval, 0),
    timeoutMs: durationMs(message.timeout, 0),
    intervalJitterPercent: message.intervalJitter?.value ?? DEFAULT_JITTER_PERCENT,
    connectionIdleIntervalMs: durationMs(message.connectionIdleInterval, 0),
  };
}
