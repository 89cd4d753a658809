import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type Issued, TestCa } from "../harness/certificates.ts";
import { Http2Asker } from "../harness/http2-asker.ts";
import { loopback } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { answeringChain, downstreamTls, inlineCertificate, tlsListener } from "../harness/tls-listener.ts";

const CLIENTS = 4;
const ca = new TestCa("Test CA");
const serverA = ca.issue({ commonName: "a.test", dns: ["a.test"] });
const serverB = ca.issue({ commonName: "b.test", dns: ["b.test"] });

/** A folder with the certificate of a.test, which can be changed. */
class CertificateFiles {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "troupe-chains-"));

  constructor(t: TestContext) {
    t.after(() => rmSync(this.#folder, { recursive: true }));
    this.write(serverA);
  }

  get config(): object {
    return { certificate_chain: { filename: this.#file("cert") }, private_key: { filename: this.#file("key") } };
  }

  write({ certPem, keyPem }: Issued): void {
    writeFileSync(this.#file("cert"), certPem);
    writeFileSync(this.#file("key"), keyPem);
  }

  #file(name: string): string {
    return path.join(this.#folder, `${name}.pem`);
  }
}

/** A chain that answers with its server name. */
function chain(name: string, certificate: object, statPrefix: string): object {
  const common = { tls_certificates: [certificate], alpn_protocols: ["h2"] };
  return {
    name,
    filter_chain_match: { server_names: [name] },
    ...answeringChain(
      downstreamTls({ common_tls_context: common }),
      { stat_prefix: statPrefix, drain_timeout: "2s" },
      name,
    ),
  };
}

function config(files: CertificateFiles, prefixOfB: string): object {
  const chains = [chain("a.test", files.config, "a"), chain("b.test", inlineCertificate(serverB), prefixOfB)];
  return {
    admin: { address: loopback(0) },
    static_resources: {
      listeners: [
        {
          ...tlsListener(chains[0]!),
          filter_chains: chains,
          listener_filters: [{ name: "envoy.filters.listener.tls_inspector" }],
        },
      ],
    },
  };
}

function askers(proxy: RunningProxy, servername: string): Http2Asker[] {
  const url = `https://127.0.0.1:${proxy.port()}`;
  return Array.from({ length: CLIENTS }, () => new Http2Asker({ url, servername, expect: () => servername }));
}

/** Waits until each has been answered a few more times. */
async function goOn(proxy: RunningProxy, clients: readonly Http2Asker[]): Promise<void> {
  const goals = clients.map(({ count }) => count + 5);
  await proxy.until("more answers", async () => clients.every(({ count }, at) => count >= goals[at]!));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const goodbyes = (clients: readonly Http2Asker[]): number => sum(clients.map((client) => client.goodbyes));

describe("Changes under load over TLS with HTTP/2", () => {
  it("fail no request, and drain what the dry run said and nothing else", async (t) => {
    const files = new CertificateFiles(t);
    const proxy = await startTestProxy(t, {
      config: config(files, "b"),
      concurrency: 2,
      watch: true,
      args: ["--drain-time-s", "30"],
    });
    const [onA, onB] = [askers(proxy, "a.test"), askers(proxy, "b.test")];
    const all = [...onA, ...onB];
    await goOn(proxy, all);

    // A new certificate of a.test: connections that stand keep theirs, new ones get the new one.
    files.write(ca.issue({ commonName: "next", dns: ["a.test"] }));
    await proxy.until("the new certificate", async () => {
      const probe = new Http2Asker({
        url: `https://127.0.0.1:${proxy.port()}`,
        servername: "a.test",
        expect: () => "a.test",
      });
      await goOn(proxy, [probe]);
      await probe.stop();
      assert.deepEqual(probe.failures, []);
      return probe.certificates[0] === "next";
    });
    await goOn(proxy, all);
    assert.equal(goodbyes(all), 0);

    // The chain of b.test changes: its connections drain, as foretold, and those of a.test stay.
    const next = config(files, "b2");
    const answer = await proxy.post("/config/dry_run?format=json", JSON.stringify(next));
    const { drains } = JSON.parse(answer.body) as { drains: { connections: number }[] };
    assert.equal(sum(drains.map(({ connections }) => connections)), CLIENTS);
    assert.equal((await proxy.reload(next)).status, 200);
    await proxy.until("the goodbyes", async () => goodbyes(onB) === CLIENTS);
    await goOn(proxy, all);
    assert.equal(goodbyes(onA), 0);

    // All listeners drain: everybody is told, nobody is cut.
    assert.equal((await proxy.post("/drain_listeners?graceful&skip_exit")).status, 200);
    await proxy.until("goodbyes to all", async () => all.every((client) => client.goodbyes > 0));
    await Promise.all(all.map((client) => client.stop()));
    assert.deepEqual(
      all.flatMap(({ failures }) => failures),
      [],
    );
    for (const client of onA) assert.deepEqual(client.certificates[0], "a.test");
    const stats = await proxy.stats("downstream_cx_drain_close|downstream_cx_drain_timeout");
    assert.equal(stats.get("listener.tls.downstream_cx_drain_timeout"), 0);
  });
});
