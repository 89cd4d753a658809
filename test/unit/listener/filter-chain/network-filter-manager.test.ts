import assert from "node:assert/strict";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import { NetworkFilterManager } from "../../../../src/listener/filter-chain/network-filter-manager.ts";
import { Connection } from "../../../../src/net/connection.ts";
import { ConnectionState } from "../../../../src/net/connection-state.ts";
import { FilterStatus, type ReadFilter, type ReadFilterCallbacks } from "../../../../src/net/network-filter.ts";
import { WriteFlusher } from "../../../../src/net/write-flusher.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";

/** Writes down what it sees; answers what it is told to. */
class LoggingFilter implements ReadFilter {
  callbacks: ReadFilterCallbacks | null = null;
  answerNew: FilterStatus = FilterStatus.continue;
  answerData: FilterStatus = FilterStatus.continue;
  onDataHook: (() => void) | null = null;
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }

  initialize(callbacks: ReadFilterCallbacks): void {
    this.callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    this.#log.push(`${this.#name} new`);
    return this.answerNew;
  }

  onData(data: Buffer, endStream: boolean): FilterStatus {
    this.#log.push(`${this.#name} ${data.toString()}${endStream ? "." : ""}`);
    this.onDataHook?.();
    return this.answerData;
  }

  onClose(event: string): void {
    this.#log.push(`${this.#name} ${event}`);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#log.push(`${this.#name} above`);
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#log.push(`${this.#name} below`);
  }

  onDrain(): void {
    this.#log.push(`${this.#name} drain`);
  }

  closeIfIdle(): void {
    this.#log.push(`${this.#name} idle`);
  }
}

const sockets: net.Socket[] = [];

function setUp(bufferLimitBytes = 0) {
  const log: string[] = [];
  const first = new LoggingFilter("1", log);
  const second = new LoggingFilter("2", log);
  const manager = new NetworkFilterManager([first, second]);
  const clock = new FakeClock();
  const socket = new net.Socket();
  sockets.push(socket);
  const connection = new Connection(socket, {
    id: 1,
    flusher: new WriteFlusher(),
    timers: clock.timers,
    bufferLimitBytes,
    delayedCloseTimeoutMs: 0,
    stats: null,
  });
  const info = {
    connectionId: 1,
    remoteAddress: "1.2.3.4:5",
    directRemoteAddress: "1.2.3.4:5",
    localAddress: "127.0.0.1:80",
    directLocalAddress: "127.0.0.1:80",
    requestedServerName: "",
    filterChainName: "chain",
    isTls: false,
    tls: null,
    alpnProtocol: "",
    acceptedAtMs: 0,
  };
  const nothing = () => {};
  const state = new ConnectionState();
  const callbacks = {
    connection,
    info,
    state,
    isOnlyFilter: true,
    continueReading: nothing,
    takeReadData: nothing,
    injectReadData: nothing,
  };
  manager.initialize({ ...callbacks, drainClose: () => true });
  return { log, first, second, manager, connection, info, state };
}

describe("NetworkFilterManager", () => {
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it("gives the connection and its bytes to each filter in order", () => {
    const { log, manager } = setUp();
    manager.onNewConnection();
    manager.onData(Buffer.from("a"), false);
    manager.onData(Buffer.from("b"), true);
    assert.deepEqual(log, ["1 new", "2 new", "1 a", "2 a", "1 b.", "2 b."]);
  });

  it("shows each filter the connection, its info, its state and whether it drains", () => {
    const { first, second, connection, info, state } = setUp();
    for (const { callbacks } of [first, second]) {
      assert.equal(callbacks?.connection, connection);
      assert.equal(callbacks?.info, info);
      assert.equal(callbacks?.state, state);
      assert.equal(callbacks?.drainClose(), true);
    }
  });

  it("tells a later filter of the connection when the first bytes reach it, if an earlier one stopped", () => {
    const { log, first, manager } = setUp();
    first.answerNew = FilterStatus.stopIteration;
    manager.onNewConnection();
    assert.deepEqual(log, ["1 new"]);
    manager.onData(Buffer.from("a"), false);
    assert.deepEqual(log, ["1 new", "1 a", "2 new", "2 a"]);
  });

  it("holds what a filter stops until it continues", () => {
    const { log, first, manager } = setUp();
    first.answerData = FilterStatus.stopIteration;
    manager.onNewConnection();
    manager.onData(Buffer.from("a"), false);
    manager.onData(Buffer.from("b"), false);
    first.callbacks?.continueReading();
    assert.deepEqual(log, ["1 new", "2 new", "1 a", "1 b", "2 a", "2 b"]);
  });

  it("keeps the order when a filter goes on by its answer", () => {
    const { log, first, manager } = setUp();
    first.answerData = FilterStatus.stopIteration;
    manager.onNewConnection();
    manager.onData(Buffer.from("a"), false);
    first.answerData = FilterStatus.continue;
    manager.onData(Buffer.from("b"), true);
    assert.deepEqual(log.slice(2), ["1 a", "1 b.", "2 a", "2 b."]);
  });

  it("holds the end of the stream, with bytes and alone", () => {
    const withBytes = setUp();
    withBytes.first.answerData = FilterStatus.stopIteration;
    withBytes.manager.onNewConnection();
    withBytes.manager.onData(Buffer.from("a"), true);
    withBytes.first.callbacks?.continueReading();
    assert.deepEqual(withBytes.log.slice(2), ["1 a.", "2 a."]);
    const alone = setUp();
    alone.first.answerData = FilterStatus.stopIteration;
    alone.manager.onNewConnection();
    alone.manager.onData(Buffer.alloc(0), true);
    alone.first.callbacks?.continueReading();
    assert.deepEqual(alone.log.slice(2), ["1 .", "2 ."]);
  });

  it("stops reading while more than the buffer limit is held", () => {
    const { first, manager, connection } = setUp(3);
    first.answerData = FilterStatus.stopIteration;
    manager.onNewConnection();
    manager.onData(Buffer.from("abc"), false);
    assert.equal(connection.readEnabled, true);
    manager.onData(Buffer.from("d"), false);
    assert.equal(connection.readEnabled, false);
    first.callbacks?.continueReading();
    assert.equal(connection.readEnabled, true);
  });

  it("hands on what a filter makes of the bytes it took, and not the bytes themselves", () => {
    const { log, first, manager } = setUp();
    first.answerData = FilterStatus.stopIteration;
    first.onDataHook = () => {
      first.callbacks?.takeReadData();
      first.callbacks?.injectReadData(Buffer.from("A"), false);
    };
    manager.onNewConnection();
    manager.onData(Buffer.from("a"), false);
    first.callbacks?.continueReading();
    assert.deepEqual(log.slice(2), ["1 a", "2 A"]);
  });

  it("goes no further once a filter has closed the connection", () => {
    const { log, first, manager, connection } = setUp();
    first.onDataHook = () => connection.close("noFlush");
    manager.onNewConnection();
    manager.onData(Buffer.from("a"), false);
    assert.deepEqual(log, ["1 new", "2 new", "1 a"]);
  });

  it("tells all filters of watermarks, drain and close, and delivers nothing afterwards", () => {
    const { log, first, manager } = setUp();
    manager.onAboveWriteBufferHighWatermark();
    manager.onBelowWriteBufferLowWatermark();
    manager.onDrain();
    first.answerData = FilterStatus.stopIteration;
    manager.onData(Buffer.from("a"), false);
    manager.onClose("remoteClose", "");
    first.callbacks?.continueReading();
    assert.deepEqual(log, [
      ...["1 above", "2 above", "1 below", "2 below", "1 drain", "2 drain"],
      ...["1 new", "2 new", "1 a", "1 remoteClose", "2 remoteClose"],
    ]);
  });
});
