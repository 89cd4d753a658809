/** Types of frames (RFC 9113 §6). */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags; which of them a frame has depends on its type. */
export const FrameFlag = { endStream: 0x01, ack: 0x01, endHeaders: 0x04, padded: 0x08, priority: 0x20 } as const;

/** Why a stream or a connection ended (RFC 9113 §7). */
export const ErrorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Identifiers of settings (RFC 9113 §6.5.2, RFC 8441 §3). */
export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

/** Length, type, flags and stream id, before every payload. */
export const FRAME_HEAD_BYTES = 9;
/** The largest payload until a peer allows more; we never do. */
export const DEFAULT_FRAME_BYTES = 16_384;
/** Flow-control windows at the start of a connection. */
export const DEFAULT_WINDOW_BYTES = 65_535;
/** Also the largest stream id. */
export const MAX_WINDOW_BYTES = 2 ** 31 - 1;

/** What a client sends first (RFC 9113 §3.4). */
export const CLIENT_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
