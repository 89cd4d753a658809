import { FilterStatus } from "../../../net/network-filter.ts";
import { QuietReadFilter } from "../../../net/quiet-read-filter.ts";

/** Answers each connection with the same bytes, whatever it says, and closes it. */
export class DirectResponseFilter extends QuietReadFilter {
  readonly #response: Buffer;

  /** The bytes are shared by all connections and never changed. */
  constructor(response: Buffer) {
    super();
    this.#response = response;
  }

  override onNewConnection(): FilterStatus {
    const { connection } = this.callbacks;
    connection.write(this.#response);
    connection.close("flushWrite");
    return FilterStatus.stopIteration;
  }

  override onData(): FilterStatus {
    return FilterStatus.stopIteration;
  }
}
