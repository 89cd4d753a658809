import { FilterStatus, type ReadFilter, type ReadFilterCallbacks } from "./network-filter.ts";

/** A read filter that lets everything pass and needs to hear of nothing; a real one overrides what it is for. */
export abstract class QuietReadFilter implements ReadFilter {
  protected callbacks!: ReadFilterCallbacks;

  initialize(callbacks: ReadFilterCallbacks): void {
    this.callbacks = callbacks;
  }
  onNewConnection(): FilterStatus {
    return FilterStatus.continue;
  }
  onData(_data: Buffer, _endStream: boolean): FilterStatus {
    return FilterStatus.continue;
  }
  onClose(): void {}
  onAboveWriteBufferHighWatermark(): void {}
  onBelowWriteBufferLowWatermark(): void {}
  onDrain(): void {}
  closeIfIdle(): void {}
}
