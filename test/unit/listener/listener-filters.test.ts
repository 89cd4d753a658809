import assert from "node:assert/strict";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import { until } from "../../harness/until.ts";
import { EchoClient, HandlerUnderTest } from "./handler-under-test.ts";
import { chainSample, listenerFilterSample, listenerSample, matchSample } from "./listener-sample.ts";

const subjects: HandlerUnderTest[] = [];
afterEach(() => {
  for (const subject of subjects.splice(0)) subject.dispose();
});

async function start(...listeners: ListenerData[]): Promise<HandlerUnderTest> {
  const subject = new HandlerUnderTest();
  subjects.push(subject);
  await subject.apply(listeners);
  return subject;
}

function connect(subject: HandlerUnderTest, listener = "a"): EchoClient {
  return new EchoClient(net.connect(subject.ports.get(listener) ?? 0, "127.0.0.1"));
}

const PROXY = { statPrefix: "", rules: [], versions: [1, 2], allowWithout: false, passThrough: [] };
const proxyFilter = (changes: object = {}) =>
  listenerFilterSample("envoy.filters.listener.proxy_protocol", { ...PROXY, ...changes });
const httpFilter = listenerFilterSample("envoy.filters.listener.http_inspector");
const HEADER = "PROXY TCP4 1.2.3.4 10.0.0.1 1111 80\r\n";

describe("The PROXY protocol filter", () => {
  it("gives a connection the addresses of its header, and the chain what follows", async () => {
    const subject = await start(listenerSample("a", { listenerFilters: [proxyFilter()] }));
    const client = connect(subject);
    client.socket.write(HEADER.slice(0, 20));
    assert.match(await client.ask(`${HEADER.slice(20)}info`), /^1\.2\.3\.4:1111 10\.0\.0\.1:80 chain \d+$/);
    assert.equal(subject.stats.value("proxy_proto.versions.v1.found"), 1);
  });

  it("chooses the chain by them; the direct source is still that of the socket", async () => {
    const cidr = (address: string) => [{ address, prefixLength: 8 }];
    const chains = [
      chainSample(
        "both",
        "both:",
        matchSample({ sourceRanges: cidr("1.0.0.0"), directSourceRanges: cidr("127.0.0.0") }),
      ),
      chainSample("port", "port:", matchSample({ destinationPort: 81 })),
    ];
    const defaultChain = chainSample("other", "other:");
    const subject = await start(listenerSample("a", { chains, defaultChain, listenerFilters: [proxyFilter()] }));
    const answer = (header: string) => connect(subject).ask(`${header}x`);
    assert.match(await answer(HEADER), /^both:/);
    assert.match(await answer("PROXY TCP4 1.2.3.4 10.0.0.1 1 81\r\n"), /^port:/);
    assert.match(await answer("PROXY UNKNOWN\r\n"), /^other:/);
  });

  it("closes connections with a bad header, none, or one of a version that is not allowed, and counts each", async () => {
    const subject = await start(
      listenerSample("a", { listenerFilters: [proxyFilter({ versions: [1], statPrefix: "p" })] }),
    );
    const closed = async (bytes: string) => {
      const client = connect(subject);
      client.socket.write(bytes, "latin1");
      await client.untilClosed();
    };
    await closed("PROXY TCP4 nobody\r\n");
    await closed("GET / HTTP/1.1\r\n\r\n");
    await closed("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c");
    const value = (name: string) => subject.stats.value(`proxy_proto.p.${name}`);
    assert.equal(value("versions.v1.error"), 1);
    assert.equal(value("not_found_disallowed"), 1);
    assert.equal(value("versions.v2.disallowed"), 1);
    assert.equal(subject.handler.connectionCount, 0);
  });

  it("lets connections without a header through where they may come", async () => {
    const subject = await start(
      listenerSample("a", { listenerFilters: [proxyFilter({ allowWithout: true, versions: [2] })] }),
    );
    assert.match(await connect(subject).ask("PROXY? no"), /PROXY\? no$/);
    // A version that is not looked for is like a request.
    assert.match(await connect(subject).ask(HEADER), /PROXY TCP4/);
    assert.equal(subject.stats.value("proxy_proto.not_found_allowed"), 2);
  });

  it("leaves the filters behind it what follows the header", async () => {
    const chains = [
      chainSample("one", "1.1:", matchSample({ applicationProtocols: ["http/1.1"] })),
      chainSample("other", "other:"),
    ];
    const subject = await start(listenerSample("a", { chains, listenerFilters: [proxyFilter(), httpFilter] }));
    const request = "GET / HTTP/1.1\r\n\r\n";
    assert.equal(await connect(subject).ask(HEADER + request), `1.1:${request}`);
    const apart = connect(subject);
    apart.socket.write(HEADER);
    await until("the header", () => subject.stats.value("proxy_proto.versions.v1.found") === 2);
    assert.equal(await apart.ask(request), `1.1:${request}`);
  });
});

describe("use_original_dst", () => {
  it("hands a connection over to the listener of its destination, bound or not, which runs its own filters", async () => {
    const at = (ip: string, port: number) => [{ address: { type: "ip", ip, port } as const, ipv6Only: false }];
    const subject = await start(
      listenerSample("a", { listenerFilters: [proxyFilter()], useOriginalDst: true, chains: [chainSample("a", "a:")] }),
      listenerSample("exact", {
        addresses: at("10.0.0.1", 80),
        bindToPort: false,
        listenerFilters: [httpFilter],
        chains: [chainSample("h", "exact:", matchSample({ applicationProtocols: ["http/1.1"] }))],
      }),
      listenerSample("any", { addresses: at("0.0.0.0", 81), bindToPort: false, chains: [chainSample("any", "any:")] }),
    );
    assert.equal(subject.ports.has("exact"), false);
    assert.match(await connect(subject).ask(`${HEADER}GET / HTTP/1.1\r\n\r\n`), /^exact:GET/);
    assert.match(await connect(subject).ask("PROXY TCP4 1.2.3.4 9.9.9.9 1 81\r\nx"), /^any:x/);
    assert.match(await connect(subject).ask("PROXY TCP4 1.2.3.4 9.9.9.9 1 82\r\nx"), /^a:x/);
    assert.match(await connect(subject).ask("PROXY UNKNOWN\r\nx"), /^a:x/);
    assert.equal(subject.stats.value("listener.exact.downstream_cx_total"), 1);
    assert.equal(subject.stats.value("listener.a.downstream_cx_total"), 2);
  });
});

describe("The HTTP inspector", () => {
  it("tells the versions apart, and what is no HTTP", async () => {
    const chain = (name: string, protocol: string) =>
      chainSample(name, `${name}:`, matchSample({ applicationProtocols: [protocol] }));
    const chains = [
      chain("zero", "http/1.0"),
      chain("one", "http/1.1"),
      chain("two", "h2c"),
      chainSample("other", "other:"),
    ];
    const subject = await start(listenerSample("a", { chains, listenerFilters: [httpFilter] }));
    const cases: [string, RegExp][] = [
      ["GET / HTTP/1.1\r\n", /^one:/],
      ["PURGE /x?y HTTP/1.0\n", /^zero:/],
      ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^two:/],
      ["\r\nGET / HTTP/1.1\r\n", /^other:/],
      ["GET / HTTP/3.0\r\n", /^other:/],
      ["\x16\x03\x01", /^other:/],
      ["hello, world\n", /^other:/],
    ];
    for (const [bytes, expected] of cases) assert.match(await connect(subject).ask(bytes), expected, bytes);
    const slow = connect(subject);
    slow.socket.setNoDelay(true);
    for (const byte of "GET / HTTP/1.") {
      slow.socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.match(await slow.ask("1\r\n"), /^one:/);
    const value = (name: string) => subject.stats.value(`http_inspector.${name}`);
    assert.deepEqual(["http10_found", "http11_found", "http2_found", "http_not_found"].map(value), [1, 2, 1, 4]);
  });

  it("closes a request line without end", async () => {
    const subject = await start(listenerSample("a", { listenerFilters: [httpFilter] }));
    const client = connect(subject);
    client.socket.write(`GET /${"x".repeat(70_000)}`);
    await client.untilClosed();
    assert.equal(subject.stats.value("http_inspector.read_error"), 1);
  });
});

describe("The local rate limit of a listener", () => {
  it("closes connections without a token before they say anything", async () => {
    const data = { statPrefix: "p", settings: {}, enabled: { on: true, runtimeKey: "" }, bucket: "" };
    const limit = listenerFilterSample("envoy.filters.listener.local_ratelimit", data);
    const subject = await start(listenerSample("a", { listenerFilters: [limit] }));
    subject.tokens = 1;
    assert.match(await connect(subject).ask("x"), /x$/);
    await connect(subject).untilClosed();
    assert.equal(subject.stats.value("listener_local_ratelimit.p.rate_limited"), 1);
  });
});

describe("filter_disabled", () => {
  it("leaves a filter out by the destination port, as filters before it have restored it", async () => {
    const disabled = { type: "not", rule: { type: "ports", start: 80, end: 81 } } as const;
    const inspector = listenerFilterSample("envoy.filters.listener.http_inspector", null, disabled);
    const chains = [
      chainSample("one", "1.1:", matchSample({ applicationProtocols: ["http/1.1"] })),
      chainSample("other", "other:"),
    ];
    const subject = await start(listenerSample("a", { chains, listenerFilters: [proxyFilter(), inspector] }));
    const request = "GET / HTTP/1.1\r\n";
    assert.match(await connect(subject).ask(HEADER + request), /^1\.1:/);
    assert.match(await connect(subject).ask(`PROXY TCP4 1.2.3.4 10.0.0.1 1 81\r\n${request}`), /^other:/);
  });
});

describe("The access log of a listener", () => {
  it("has a line for each connection, also without a chain, and for one that listener filters refuse", async () => {
    const accessLogs = [{ logger: { name: "l", extension: "l", data: null }, filter: null }];
    const chains = [chainSample("one", "", matchSample({ destinationPort: 80 }))];
    const subject = await start(listenerSample("a", { chains, accessLogs, listenerFilters: [proxyFilter()] }));
    const client = connect(subject);
    assert.equal(await client.ask(`${HEADER}hello`), "hello");
    client.socket.destroy();
    await until("the line", () => subject.logged.length === 1);
    assert.equal(subject.logged[0], `1.2.3.4:1111 10.0.0.1:80 one ${HEADER.length + 5} 5 0 TcpConnectionEnd`);
    const stranger = connect(subject);
    stranger.socket.write("PROXY TCP4 1.2.3.4 10.0.0.1 1 81\r\n");
    await stranger.untilClosed();
    assert.match(subject.logged[1]!, /^1\.2\.3\.4:1 10\.0\.0\.1:81 {2}34 0 256 TcpConnectionEnd$/);
    const bad = connect(subject);
    bad.socket.write("nothing");
    await bad.untilClosed();
    assert.match(subject.logged[2]!, /^127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ {2}7 0 0 TcpConnectionEnd$/);
    await subject.apply([], ["a"]);
    assert.deepEqual(subject.logged.slice(3), ["released"]);
  });
});
