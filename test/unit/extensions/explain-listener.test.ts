import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readExplainQuestion } from "../../../src/admin/explain/explain-question.ts";
import { type ExplainedListener, explainedListener } from "../../../src/extensions/explain-listener.ts";
import type { ListenerData } from "../../../src/listener/listener-data.ts";

interface Shape {
  readonly udp?: boolean;
  readonly tls?: boolean;
  readonly inspects?: boolean;
}

function listener(name: string, address: string, { udp = false, tls = false, inspects = false }: Shape = {}) {
  const data = {
    name,
    udp: udp ? {} : null,
    chains: udp ? [] : [{ transportSocket: tls ? { extension: "envoy.transport_sockets.tls" } : null }],
    defaultChain: null,
    listenerFilters: inspects ? [{ filter: { extension: "envoy.filters.listener.tls_inspector" } }] : [],
  };
  return { data: data as unknown as ListenerData, addresses: [address] } satisfies ExplainedListener;
}

function chosen(question: object, ...listeners: readonly ExplainedListener[]): string {
  return explainedListener(readExplainQuestion(JSON.stringify(question)).request, listeners).data.name;
}

const plain = listener("plain", "0.0.0.0:8080");
const other = listener("other", "0.0.0.0:8081");
const secure = listener("secure", "0.0.0.0:8443", { tls: true });
const datagrams = listener("datagrams", "0.0.0.0:8081", { udp: true });

describe("The listener that is explained", () => {
  it("is the one at the port of the URL or the authority, also where the scheme means it", () => {
    assert.equal(chosen({ url: "http://a:8081/" }, plain, other), "other");
    assert.equal(chosen({ authority: "a:8080" }, plain, other), "plain");
    assert.equal(chosen({ url: "http://a/" }, plain, listener("web", "127.0.0.1:80")), "web");
    assert.equal(chosen({ url: "https://a/" }, secure, listener("web", "[::]:443", { tls: true })), "web");
  });

  it("is the only one that speaks as the request does, if the port is another one outside", () => {
    assert.equal(chosen({ url: "https://a/" }, plain, secure), "secure");
    assert.equal(chosen({ url: "https://a:9999/" }, plain, secure), "secure");
    assert.equal(chosen({ url: "http://a/" }, plain, secure), "plain");
    assert.equal(chosen({ url: "https://a/" }, plain, listener("sni", "0.0.0.0:8443", { inspects: true })), "sni");
  });

  it("is one of TCP if there is one, and the only one whatever the URL says", () => {
    assert.equal(chosen({ url: "http://a:8081/" }, datagrams, other), "other");
    assert.equal(chosen({ url: "http://a:1/" }, datagrams, plain), "plain");
    assert.equal(chosen({ url: "https://a/" }, plain), "plain");
    assert.equal(chosen({}, datagrams), "datagrams");
  });

  it("is asked for where several fit, with the names and addresses of these only", () => {
    assert.throws(() => chosen({ url: "http://a/" }, plain, other, secure), {
      message:
        "there are several listeners that could get it: plain (0.0.0.0:8080), other (0.0.0.0:8081); " +
        'say which with --listener NAME ("listener" in the body of /explain), or by its port in the URL',
    });
    assert.equal(chosen({ url: "http://a/", listener: "secure" }, plain, other, secure), "secure");
    assert.equal(chosen({ url: "http://a/", address: "1.2.3.4:8081" }, plain, other, secure), "other");
    assert.throws(
      () => chosen({ address: "1.2.3.4:1" }, plain),
      /no listener with the address .*plain \(0\.0\.0\.0:8080\)/,
    );
  });
});
