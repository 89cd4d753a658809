import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { until } from "../../../../harness/until.ts";
import { Proxied } from "../../proxied.ts";

const LIMITS = {
  listener: { per_connection_buffer_limit_bytes: 16 * 1024 },
  cluster: { per_connection_buffer_limit_bytes: 16 * 1024 },
};
const PIECE = Buffer.alloc(64 * 1024, "x");
const WHOLE_BYTES = 128 * 1024 * 1024;

/** Turns of the event loop after which nothing moves any more. */
async function settled(read: () => number): Promise<number> {
  let before = -1;
  let quiet = 0;
  while (quiet < 50) {
    await new Promise((resolve) => setImmediate(resolve));
    quiet = read() === before ? quiet + 1 : 0;
    before = read();
  }
  return before;
}

describe("Flow control from end to end", () => {
  it("stops the upstream while the client does not read, and goes on with it", async (test: TestContext) => {
    const proxied = await Proxied.start(test, LIMITS);
    const client = await proxied.client();
    client.socket.pause();
    client.send("GET", "GET / HTTP/1.1\r\nhost: t\r\n\r\n").catch(() => {});
    const exchange = await proxied.upstream.nextRequest();
    exchange.write(`HTTP/1.1 200 OK\r\ncontent-length: ${WHOLE_BYTES}\r\n\r\n`);
    const received = (): number => proxied.stat("cluster.app.upstream_cx_rx_bytes_total");
    for (let i = 0; i < 512; i++) exchange.write(PIECE);
    await until(
      "the upstream to be paused",
      () => proxied.stat("cluster.app.upstream_flow_control_paused_reading_total") > 0,
    );
    const held = await settled(received);
    assert.ok(held < 512 * PIECE.length, `${held} bytes were read`);
    const out = proxied.stat("http.ingress.downstream_cx_tx_bytes_total");
    const buffered = proxied.stat("http.ingress.downstream_cx_tx_bytes_buffered");
    assert.ok(held - out + buffered < 1024 * 1024, `${held - out + buffered} bytes are held in the proxy`);
    client.socket.resume();
    await until("the rest", () => received() > held);
    assert.ok(proxied.stat("cluster.app.upstream_flow_control_resumed_reading_total") > 0);
  });

  it("stops the client while the upstream does not read, and goes on with it", async (test) => {
    const proxied = await Proxied.start(test, LIMITS);
    const client = await proxied.client();
    const response = client.send("POST", `POST / HTTP/1.1\r\nhost: t\r\ncontent-length: ${32 * 1024 * 1024}\r\n\r\n`);
    const exchange = await proxied.upstream.nextRequest();
    exchange.connection.pause();
    for (let i = 0; i < 512; i++) client.socket.write(PIECE);
    const received = (): number => proxied.stat("http.ingress.downstream_cx_rx_bytes_total");
    await until(
      "the client to be paused",
      () => proxied.stat("http.ingress.downstream_flow_control_paused_reading_total") > 0,
    );
    const held = await settled(received);
    assert.ok(held < 32 * 1024 * 1024);
    const out = proxied.stat("cluster.app.upstream_cx_tx_bytes_total");
    assert.ok(held - out < 1024 * 1024, `${held - out} bytes are held in the proxy`);
    exchange.connection.resume();
    const request = await exchange.request();
    assert.equal(request.bodyBytes, 32 * 1024 * 1024);
    exchange.respond();
    assert.equal((await response).status, 200);
    const paused = proxied.stat("http.ingress.downstream_flow_control_paused_reading_total");
    assert.equal(proxied.stat("http.ingress.downstream_flow_control_resumed_reading_total"), paused);
    assert.equal(
      proxied.stat("cluster.app.upstream_flow_control_backed_up_total"),
      proxied.stat("cluster.app.upstream_flow_control_drained_total"),
    );
  });

  it("lets the client go on when an upstream that was slow is given up", async (test) => {
    const proxied = await Proxied.start(test, LIMITS);
    const client = await proxied.client();
    const response = client.send("POST", `POST / HTTP/1.1\r\nhost: t\r\ncontent-length: ${32 * 1024 * 1024}\r\n\r\n`);
    const exchange = await proxied.upstream.nextRequest();
    exchange.connection.pause();
    for (let i = 0; i < 512; i++) client.socket.write(PIECE);
    await until(
      "the client to be paused",
      () => proxied.stat("http.ingress.downstream_flow_control_paused_reading_total") > 0,
    );
    exchange.connection.reset();
    assert.equal((await response).status, 503);
    const paused = proxied.stat("http.ingress.downstream_flow_control_paused_reading_total");
    await until(
      "as many resumes",
      () => proxied.stat("http.ingress.downstream_flow_control_resumed_reading_total") === paused,
    );
  });

  it("waits with a body while the connection for it is being opened", async (test) => {
    const cluster = { ...LIMITS.cluster, circuit_breakers: { thresholds: [{ max_connections: 1 }] } };
    const proxied = await Proxied.start(test, { ...LIMITS, cluster });
    const first = await proxied.client();
    const held = first.request();
    const exchange = await proxied.upstream.nextRequest();
    const second = await proxied.client();
    const response = second.send("POST", `POST / HTTP/1.1\r\nhost: t\r\ncontent-length: ${16 * 1024 * 1024}\r\n\r\n`);
    for (let i = 0; i < 256; i++) second.socket.write(PIECE);
    await until(
      "the client to be paused",
      () => proxied.stat("http.ingress.downstream_flow_control_paused_reading_total") > 0,
    );
    const received = await settled(() => proxied.stat("http.ingress.downstream_cx_rx_bytes_total"));
    assert.ok(received < 1024 * 1024, `${received} bytes were read`);
    exchange.respond();
    await held;
    const late = await proxied.upstream.nextRequest();
    assert.equal((await late.request()).bodyBytes, 16 * 1024 * 1024);
    late.respond();
    assert.equal((await response).status, 200);
  });
});
