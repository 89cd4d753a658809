import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { echoing, FakeUpstream, resetting, type UpstreamScript } from "../../harness/fake-upstream.ts";

async function setUp(t: TestContext, script?: UpstreamScript): Promise<{ upstream: FakeUpstream; client: net.Socket }> {
  const upstream = await FakeUpstream.start(script);
  const client = net.connect(upstream.port, "127.0.0.1");
  await once(client, "connect");
  t.after(async () => {
    client.destroy();
    await upstream.close();
  });
  return { upstream, client };
}

describe("FakeUpstream", () => {
  it("hands out a request when its head has come, and its body when that is complete", async (t) => {
    const { upstream, client } = await setUp(t);
    client.write("POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    const exchange = await upstream.nextRequest();
    assert.deepEqual([exchange.method, exchange.target, exchange.header("host")], ["POST", "/a?b", "x"]);
    client.write("llo");
    assert.equal((await exchange.request()).body.toString(), "hello");
  });

  it("keeps the bytes exactly as they came", async (t) => {
    const { upstream, client } = await setUp(t);
    const bytes = "POST / HTTP/1.1\r\ntransfer-encoding:chunked\r\nX:\t\xff\r\n\r\n3;a=b\r\nabc\r\n0\r\nt: 1\r\n\r\n";
    client.write(bytes, "latin1");
    const request = await (await upstream.nextRequest()).request();
    assert.equal(upstream.received, bytes);
    assert.equal(request.body.toString(), "abc");
    assert.deepEqual(request.trailers, [["t", "1"]]);
  });

  it("answers when told, not before", async (t) => {
    const { upstream, client } = await setUp(t);
    client.write("GET / HTTP/1.1\r\n\r\n");
    const exchange = await upstream.nextRequest();
    assert.equal(client.readableLength, 0);
    exchange.respond({ status: 201, body: "made" });
    const [bytes] = (await once(client, "data")) as [Buffer];
    assert.equal(bytes.toString(), "HTTP/1.1 201 Fake\r\ncontent-length: 4\r\n\r\nmade");
  });

  it("sends the body back with the echo script", async (t) => {
    const { client } = await setUp(t, echoing);
    client.write("PUT / HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi");
    const [bytes] = (await once(client, "data")) as [Buffer];
    assert.match(bytes.toString(), /\r\n\r\nhi$/);
  });

  it("resets with the reset script", async (t) => {
    const { client } = await setUp(t, resetting);
    client.write("GET / HTTP/1.1\r\n\r\n");
    const [error] = (await once(client, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNRESET");
  });

  it("records bytes that are no HTTP, and says why it could not follow them", async (t) => {
    const { upstream, client } = await setUp(t);
    client.end("POST / HTTP/1.1\r\ncontent-length: +1\r\n\r\nx");
    await upstream.connected();
    const connection = upstream.connections[0]!;
    await connection.whenClosed;
    assert.match(connection.received.toString(), /\+1\r\n\r\nx$/);
    assert.match(connection.framingError?.message ?? "", /content-length/);
  });

  it("rejects the body of a request that is cut short", async (t) => {
    const { upstream, client } = await setUp(t);
    client.write("POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhe");
    const exchange = await upstream.nextRequest();
    client.destroy();
    await assert.rejects(exchange.request(), /cut short/);
    await exchange.connection.whenClosed;
    assert.equal(upstream.openConnections, 0);
  });
});
