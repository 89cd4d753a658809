import assert from "node:assert/strict";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering, echoing, hanging } from "../../../../harness/fake-upstream.ts";
import { Http2RawClient } from "../../../../harness/http2-raw-client.ts";
import {
  CLIENT_START,
  dataFrame,
  frame,
  GET,
  headersFrame,
  POST,
  pingFrame,
  rstFrame,
  settingsFrame,
  windowUpdateFrame,
} from "../../../../harness/http2-wire.ts";
import { answerRoute } from "../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

/** A proxy and a client that has sent its preface. */
async function connected(t: TestContext, options: ProxiedOptions = {}): Promise<[Proxied, Http2RawClient]> {
  const proxied = await Proxied.start(t, options);
  const client = await Http2RawClient.connect(proxied.path.port);
  t.after(() => client.socket.destroy());
  client.write(CLIENT_START);
  await client.frame("SETTINGS ack");
  return [proxied, client];
}

function stat({ path }: Proxied, name: string): number {
  return path.stats.value(`http.ingress.${name}`);
}

describe("A connection manager with HTTP/2 clients", () => {
  it("carries requests and responses of an HTTP/1 upstream, many at a time", async (t) => {
    const proxied = await Proxied.start(t, { script: echoing });
    const session = http2.connect(`http://127.0.0.1:${proxied.path.port}`);
    // The proxy may be gone before it.
    session.on("error", () => {});
    t.after(() => session.destroy());
    const exchange = async (i: number): Promise<string> => {
      const stream = session.request({ ":method": "POST", ":path": `/${i}`, te: "trailers", cookie: ["a=1", "b=2"] });
      stream.end(`body ${i}`);
      let text = "";
      for await (const chunk of stream) text += String(chunk);
      assert.equal(stream.rstCode, 0);
      return text;
    };
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => exchange(i)));
    assert.deepEqual(
      answers,
      answers.map((_, i) => `body ${i}`),
    );
    assert.equal(stat(proxied, "downstream_cx_http2_total"), 1);
    assert.equal(stat(proxied, "downstream_rq_http2_total"), 50);
    assert.equal(stat(proxied, "downstream_rq_2xx"), 50);
    assert.equal(stat(proxied, "downstream_rq_active"), 0);
    assert.equal(proxied.path.stats.value("http2.streams_active"), 0);
    assert.ok(proxied.path.logged.every(({ info, flags }) => info.protocol === "HTTP/2" && flags === ""));
    const head = proxied.upstream.connections[0]!.received.toString("latin1");
    assert.match(head, /^POST \/\d+ HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
    assert.match(head, /\r\ncookie: a=1; b=2\r\n/);
    assert.match(head, /\r\ntransfer-encoding: chunked\r\n/);
  });

  it("tells HTTP/1 from HTTP/2 by the first bytes, however few come at a time", async (t) => {
    const proxied = await Proxied.start(t, { routes: [answerRoute("hello")] });
    const http1 = await proxied.client();
    http1.socket.write("P");
    assert.equal((await http1.send("PUT", "UT / HTTP/1.1\r\nhost: a\r\n\r\n")).body, "hello");
    const client = await Http2RawClient.connect(proxied.path.port);
    t.after(() => client.socket.destroy());
    for (const byte of Buffer.concat([CLIENT_START, headersFrame(1, GET)])) {
      client.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.frame('DATA 1 end "hello"');
  });

  it("speaks only HTTP/2, or only HTTP/1, if so configured", async (t) => {
    const only2 = await Proxied.start(t, { manager: { codec_type: "HTTP2" } });
    const client = await Http2RawClient.connect(only2.path.port);
    t.after(() => client.socket.destroy());
    client.write(Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
    await client.frame("GOAWAY last 0 code 1");
    await client.end();
    assert.equal(stat(only2, "downstream_cx_protocol_error"), 1);
    const only1 = await Proxied.start(t, { manager: { codec_type: "HTTP1" } });
    const http1 = await only1.client();
    assert.equal((await http1.send("PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).status, 400);
  });

  it("resets a request that is answered before it is complete, behind the whole answer", async (t) => {
    const [proxied, client] = await connected(t, { routes: [answerRoute("enough")] });
    client.write(headersFrame(1, POST, false));
    await client.frame("RST_STREAM 1 code 0");
    assert.deepEqual(client.frames.slice(-2), ['DATA 1 end "enough"', "RST_STREAM 1 code 0"]);
    client.write(dataFrame(1, "too late"), headersFrame(3, GET));
    await client.frame('DATA 3 end "enough"');
    assert.equal(stat(proxied, "downstream_cx_protocol_error"), 0);
  });

  it("cancels upstream what the client cancels, and goes on", async (t) => {
    const [proxied, client] = await connected(t, { script: hanging });
    client.write(headersFrame(1, GET), headersFrame(3, GET));
    await until("both requests at the upstream", () => proxied.upstream.requestCount === 2);
    client.write(rstFrame(1, 8), pingFrame());
    await client.frame("PING ack");
    await until(
      "the cancelled request's connection to end",
      () => proxied.upstream.connections.filter((c) => c.closed).length === 1,
    );
    assert.equal(stat(proxied, "downstream_rq_rx_reset"), 1);
    assert.equal(stat(proxied, "downstream_rq_active"), 1);
    assert.deepEqual(
      proxied.path.logged.map(({ flags, details }) => [flags, details]),
      [["DC", "http2.remote_reset"]],
    );
  });

  it("ends all streams of a connection that breaks the protocol, with their flag", async (t) => {
    const [proxied, client] = await connected(t, { script: hanging });
    client.write(headersFrame(1, GET), headersFrame(3, GET), frame(6, 0, 1, "12345678"));
    await client.frame("GOAWAY last 3 code 1");
    await client.end();
    await until("both log lines", () => proxied.path.logged.length === 2);
    assert.deepEqual(
      proxied.path.logged.map(({ flags, details }) => [flags, details]),
      [
        ["DPE", "codec_error:PING_on_a_stream"],
        ["DPE", "codec_error:PING_on_a_stream"],
      ],
    );
    assert.equal(stat(proxied, "downstream_cx_protocol_error"), 1);
    await until("the end of all", () => stat(proxied, "downstream_cx_active") === 0);
    assert.equal(proxied.path.stats.value("http2.streams_active"), 0);
    assert.equal(stat(proxied, "downstream_cx_http2_active"), 0);
  });

  it("ends all streams of a client that leaves", async (t) => {
    const [proxied, client] = await connected(t, { script: hanging });
    client.write(headersFrame(1, GET), headersFrame(3, GET));
    await until("both requests", () => stat(proxied, "downstream_rq_active") === 2);
    client.socket.destroy();
    await until("the end of all", () => stat(proxied, "downstream_cx_active") === 0);
    assert.deepEqual(
      proxied.path.logged.map(({ flags, details }) => [flags, details]),
      [
        ["DC", "downstream_remote_disconnect"],
        ["DC", "downstream_remote_disconnect"],
      ],
    );
    assert.equal(proxied.path.stats.value("http2.streams_active"), 0);
  });

  it("times out each stream by itself", async (t) => {
    const clock = new FakeClock();
    const [proxied, client] = await connected(t, { clock, script: hanging, manager: { stream_idle_timeout: "10s" } });
    client.write(headersFrame(1, POST, false));
    await until("the request", () => proxied.upstream.requestCount === 1);
    clock.advance(6000);
    client.write(headersFrame(3, POST, false));
    await until("another request", () => proxied.upstream.requestCount === 2);
    clock.advance(4500);
    await client.frame("RST_STREAM 1 code 0");
    assert.match(client.frames.find((line) => line.startsWith("HEADERS 1"))!, /:status: 408/);
    assert.equal(stat(proxied, "downstream_rq_active"), 1);
    clock.advance(6000);
    await client.frame("RST_STREAM 3 code 0");
    assert.equal(stat(proxied, "downstream_rq_idle_timeout"), 2);
  });

  it("times out a response that the client takes nothing of", async (t) => {
    const clock = new FakeClock();
    const [proxied, client] = await connected(t, {
      clock,
      script: answering("x".repeat(200_000)),
      manager: { stream_idle_timeout: "10s" },
    });
    client.write(settingsFrame(4, 0), ...Array.from({ length: 20 }, (_, i) => headersFrame(1 + 2 * i, GET)));
    const isOver = (): boolean =>
      stat(proxied, "downstream_rq_total") === 20 && stat(proxied, "downstream_rq_active") === 0;
    await until("all answers", isOver);
    assert.equal(proxied.path.stats.value("http2.pending_send_bytes"), 20 * 200_000);
    clock.advance(11_000);
    await client.frame("RST_STREAM 39 code 8");
    assert.equal(proxied.path.stats.value("http2.pending_send_bytes"), 0);
    assert.equal(proxied.path.stats.value("http2.tx_flush_timeout"), 20);
  });

  it("stops reading the upstream while the client takes nothing, and goes on when it does", async (t) => {
    const total = 3_000_000;
    const [proxied, client] = await connected(t, {
      script: answering("x".repeat(total)),
      listener: { per_connection_buffer_limit_bytes: 100_000 },
    });
    client.write(settingsFrame(4, 0), headersFrame(1, GET));
    const name = "cluster.app.upstream_flow_control_paused_reading_total";
    await until("the pause", () => proxied.path.stats.value(name) === 1);
    assert.ok(proxied.path.stats.value("http2.pending_send_bytes") < total);
    client.write(settingsFrame(4, 2 ** 30), windowUpdateFrame(0, 2 ** 30));
    await client.frame("DATA 1 end");
    const bytes = client.frames.reduce((sum, line) => sum + Number(/^DATA 1(?: end)? (\d+)$/.exec(line)?.[1] ?? 0), 0);
    assert.equal(bytes, total);
  });

  it("stops a client whose upstream takes nothing, by its window", async (t) => {
    const [proxied, client] = await connected(t, {
      script: hanging,
      manager: {
        http2_protocol_options: { initial_stream_window_size: 65_535, initial_connection_window_size: 1_000_000 },
      },
      cluster: { per_connection_buffer_limit_bytes: 1000 },
    });
    client.write(headersFrame(1, POST, false));
    await until("the request", () => proxied.upstream.connections.length === 1);
    proxied.upstream.connections[0]!.pause();
    const piece = dataFrame(1, Buffer.alloc(16_000));
    let windows = 0;
    // The kernel takes some of it; then the windows stay shut.
    for (let sent = 0, window = 65_535; sent < 20_000_000; sent += 16_000) {
      if (sent + 16_000 > window) {
        client.write(pingFrame(String(sent).padStart(8, "0")));
        await client.frame(`PING ack ${String(sent).padStart(8, "0")}`);
        const updates = client.frames.filter((line) => line.startsWith("WINDOW_UPDATE 1"));
        if (updates.length === windows) break;
        for (const line of updates.slice(windows)) window += Number(line.split("+")[1]);
        windows = updates.length;
        if (sent + 16_000 > window) break;
      }
      client.write(piece);
    }
    await until("the pause", () => stat(proxied, "downstream_flow_control_paused_reading_total") >= 1);
    assert.equal(stat(proxied, "downstream_cx_protocol_error"), 0);
  });
});

describe("A connection manager winds up an HTTP/2 connection", () => {
  const goAway = "GOAWAY last 2147483647 code 0";

  it("in two steps when it has served enough, idled or lived long enough", async (t) => {
    const cases: readonly (readonly [options: object, stat: string, wait: number])[] = [
      [{ max_requests_per_connection: 1 }, "downstream_cx_max_requests_reached", 0],
      [{ idle_timeout: "60s" }, "downstream_cx_idle_timeout", 61_000],
      [{ max_connection_duration: "60s" }, "downstream_cx_max_duration_reached", 61_000],
    ];
    for (const [options, name, waitMs] of cases) {
      const clock = new FakeClock();
      const manager = { common_http_protocol_options: options, drain_timeout: "3s" };
      const [proxied, client] = await connected(t, { clock, manager, routes: [answerRoute("hello")] });
      client.write(headersFrame(1, GET));
      await client.frame("DATA 1 end");
      clock.advance(waitMs);
      await client.frame(goAway);
      clock.advance(1000);
      client.write(headersFrame(3, GET));
      await client.frame("DATA 3 end");
      clock.advance(2500);
      await client.frame("GOAWAY last 3 code 0");
      await client.end();
      assert.equal(stat(proxied, name), 1);
    }
  });

  it("when its listener drains, and closes it behind the last stream", async (t) => {
    const clock = new FakeClock();
    const [proxied, client] = await connected(t, { clock });
    client.write(headersFrame(1, GET));
    const exchange = await proxied.upstream.nextRequest();
    proxied.path.handler.startDrain({ timeMs: 60_000, strategy: "immediate" });
    await client.frame(goAway);
    clock.advance(5100);
    await client.frame("GOAWAY last 1 code 0");
    assert.equal(client.closed, false);
    exchange.respond({ body: "the last" });
    await client.frame('DATA 1 end "the last"');
    await client.end();
  });
});

describe("A connection manager counts streams that are cancelled", () => {
  it("and cuts a connection that opens and cancels them at once, also in one read", async (t) => {
    for (const atOnce of [true, false]) {
      // Time gives some of them back.
      const [proxied, client] = await connected(t, { clock: new FakeClock(), script: hanging });
      const pairs = Array.from({ length: 2000 }, (_, i) =>
        Buffer.concat([headersFrame(1 + 2 * i, GET), rstFrame(1 + 2 * i, 8)]),
      );
      if (atOnce) client.write(...pairs);
      else for (const pair of pairs) client.write(pair);
      await client.frame("GOAWAY last");
      await client.end();
      assert.match(client.frames.at(-1)!, /code 11$/);
      assert.equal(stat(proxied, "downstream_rq_too_many_premature_resets"), 1);
      const total = stat(proxied, "downstream_rq_total");
      assert.ok(total >= 500 && total <= 520, `${total} requests`);
      assert.equal(stat(proxied, "downstream_cx_protocol_error"), 0);
      assert.equal(stat(proxied, "downstream_rq_active"), 0);
    }
  });

  it("also those that it is made to reset itself", async (t) => {
    const [proxied, client] = await connected(t, { clock: new FakeClock(), script: hanging });
    for (let i = 0; i < 600; i++) client.write(headersFrame(1 + 2 * i, GET), windowUpdateFrame(1 + 2 * i, 0));
    await client.frame("GOAWAY last");
    assert.equal(stat(proxied, "downstream_rq_too_many_premature_resets"), 1);
  });

  it("and lets a client go on that cancels 2,000 in a minute", async (t) => {
    const clock = new FakeClock();
    const [proxied, client] = await connected(t, { clock, script: hanging });
    for (let i = 0; i < 2000; i++) {
      client.write(headersFrame(1 + 2 * i, GET), rstFrame(1 + 2 * i, 8));
      if (i % 100 !== 99) continue;
      await until("the cancellations", () => stat(proxied, "downstream_rq_rx_reset") === i + 1);
      clock.advance(3000);
    }
    client.write(pingFrame());
    await client.frame("PING ack");
    assert.equal(client.closed, false);
  });
});
