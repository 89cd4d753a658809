import type { StreamDecoderFilterCallbacks, StreamEncoderFilterCallbacks } from "../../http/filter.ts";
import type { BodyTransformOwner } from "./body-transform.ts";

/** Where the body of a message goes on: behind the filter that has transformed it. */
export interface MessageTransform extends BodyTransformOwner {
  /** The message has trailers, which wait for the end of the body. */
  trailersWait: boolean;
}

/** Sends a request's body on. A body that can't be transformed is answered with 400 and `details`. */
export function requestTransform(callbacks: StreamDecoderFilterCallbacks, details: string): MessageTransform {
  return {
    trailersWait: false,
    limitBytes: callbacks.decoderBufferLimitBytes,
    onBytes: (bytes) => callbacks.injectDecodedData(bytes, false),
    onEnd() {
      if (this.trailersWait) callbacks.continueDecoding();
      else callbacks.injectDecodedData(NO_BYTES, true);
    },
    onFailure: () => callbacks.sendLocalReply({ status: 400, body: "", details }),
    pauseInput(pause) {
      if (pause) callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
      else callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
    },
  };
}

/** Sends a response's body on. A body that can't be transformed resets the stream: its headers have gone out. */
export function responseTransform(callbacks: StreamEncoderFilterCallbacks): MessageTransform {
  return {
    trailersWait: false,
    limitBytes: callbacks.encoderBufferLimitBytes,
    onBytes: (bytes) => callbacks.injectEncodedData(bytes, false),
    onEnd() {
      if (this.trailersWait) callbacks.continueEncoding();
      else callbacks.injectEncodedData(NO_BYTES, true);
    },
    onFailure: () => callbacks.resetStream(),
    pauseInput(pause) {
      if (pause) callbacks.onEncoderFilterAboveWriteBufferHighWatermark();
      else callbacks.onEncoderFilterBelowWriteBufferLowWatermark();
    },
  };
}

const NO_BYTES = Buffer.alloc(0);
