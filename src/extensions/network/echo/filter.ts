import { FilterStatus } from "../../../net/network-filter.ts";
import { QuietReadFilter } from "../../../net/quiet-read-filter.ts";

/** Sends back what comes, and ends when the peer does. A peer that does not read is not read either. */
export class EchoFilter extends QuietReadFilter {
  override onData(data: Buffer, endStream: boolean): FilterStatus {
    const { connection } = this.callbacks;
    connection.write(data);
    if (endStream) connection.closeWrite();
    return FilterStatus.stopIteration;
  }

  override onAboveWriteBufferHighWatermark(): void {
    this.callbacks.connection.readDisable(true);
  }

  override onBelowWriteBufferLowWatermark(): void {
    this.callbacks.connection.readDisable(false);
  }
}
