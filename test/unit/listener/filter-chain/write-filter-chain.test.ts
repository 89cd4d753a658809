import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { NetworkFilterManager } from "../../../../src/listener/filter-chain/network-filter-manager.ts";
import { ConnectionState } from "../../../../src/net/connection-state.ts";
import { FilterStatus, type NetworkFilter, type WriteFilterCallbacks } from "../../../../src/net/network-filter.ts";
import { until } from "../../../harness/until.ts";
import { connectionPair } from "../../net/connection-pair.ts";

/** A filter of both directions that notes what is written and may stop it. */
class NotingFilter implements NetworkFilter {
  callbacks: WriteFilterCallbacks | null = null;
  answer: FilterStatus = FilterStatus.continue;
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }
  initializeWrite(callbacks: WriteFilterCallbacks): void {
    this.callbacks = callbacks;
  }
  onWrite(data: Buffer, endStream: boolean): FilterStatus {
    this.#log.push(`${this.#name} ${data.toString()}${endStream ? "." : ""}`);
    return this.answer;
  }
  initialize(): void {}
  onNewConnection(): FilterStatus {
    return FilterStatus.continue;
  }
  onData(): FilterStatus {
    return FilterStatus.continue;
  }
  onClose(): void {}
  onAboveWriteBufferHighWatermark(): void {}
  onBelowWriteBufferLowWatermark(): void {}
  onDrain(): void {}
  closeIfIdle(): void {}
}

async function setUp(test: TestContext) {
  const pair = await connectionPair();
  test.after(() => pair.close());
  const log: string[] = [];
  const first = new NotingFilter("1", log);
  const last = new NotingFilter("2", log);
  const { connection } = pair;
  const info = {
    connectionId: 1,
    remoteAddress: "",
    directRemoteAddress: "",
    localAddress: "",
    directLocalAddress: "",
    requestedServerName: "",
    filterChainName: "",
    isTls: false,
    tls: null,
    alpnProtocol: "",
    acceptedAtMs: 0,
  };
  const nothing = () => {};
  new NetworkFilterManager([first, last]).initialize({
    connection,
    info,
    state: new ConnectionState(),
    isOnlyFilter: true,
    continueReading: nothing,
    takeReadData: nothing,
    injectReadData: nothing,
    drainClose: () => false,
  });
  return { ...pair, log, first, last };
}

describe("WriteFilterChain", () => {
  it("shows what is written to the last filter first, and then to the peer", async (t) => {
    const { connection, log, received } = await setUp(t);
    connection.write(Buffer.from("bytes"));
    connection.writeLatin1("text");
    await until("both", () => received().toString() === "bytestext");
    assert.deepEqual(log, ["2 bytes", "1 bytes", "2 text", "1 text"]);
  });

  it("keeps from the peer what a filter stops, until the filter hands it on", async (t) => {
    const { connection, log, last, received } = await setUp(t);
    last.answer = FilterStatus.stopIteration;
    connection.write(Buffer.from("secret"));
    assert.deepEqual(log, ["2 secret"]);
    last.callbacks?.injectWriteData(Buffer.from("public"), false);
    await until("what was handed on", () => received().length > 0);
    assert.equal(received().toString(), "public");
    assert.deepEqual(log, ["2 secret", "1 public"]);
  });

  it("shows the end of the stream, which a filter can hold back and send later", async (t) => {
    const { connection, log, first, peer } = await setUp(t);
    let ended = false;
    peer.on("end", () => {
      ended = true;
    });
    first.answer = FilterStatus.stopIteration;
    connection.closeWrite();
    assert.deepEqual(log, ["2 .", "1 ."]);
    first.callbacks?.injectWriteData(Buffer.from("bye"), true);
    await until("the FIN", () => ended);
  });

  it("goes no further once a filter has closed the connection", async (t) => {
    const { connection, log, last } = await setUp(t);
    last.onWrite = () => {
      connection.close("noFlush");
      return FilterStatus.continue;
    };
    connection.write(Buffer.from("a"));
    assert.deepEqual(log, []);
  });
});
