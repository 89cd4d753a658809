import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  ConnectionTraits,
  FilterChainMatchData,
} from "../../../../src/listener/filter-chain/filter-chain-match.ts";
import { FilterChainTable } from "../../../../src/listener/filter-chain/filter-chain-table.ts";
import { SeededRandom } from "../../../harness/seeded-random.ts";
import { matchSample } from "../listener-sample.ts";

const PLAIN: ConnectionTraits = {
  destinationIp: "10.0.0.1",
  destinationPort: 443,
  serverName: "",
  transportProtocol: "raw_buffer",
  applicationProtocols: [],
  directSourceIp: "192.0.2.7",
  sourceIp: "192.0.2.7",
  sourcePort: 5000,
};

function tableOf(chains: Readonly<Record<string, Partial<FilterChainMatchData> | null>>): FilterChainTable<string> {
  const table = new FilterChainTable<string>();
  for (const [name, match] of Object.entries(chains)) {
    assert.equal(table.add(match === null ? null : matchSample(match), name), null);
  }
  return table;
}

function range(text: string) {
  const [address = "", length] = text.split("/");
  return { address, prefixLength: Number(length) };
}

const PORTS = [80, 443];
const RANGES = ["10.0.0.0/8", "10.0.0.0/30", "192.0.2.0/24", "2001:db8::/32"];
const IPS = ["10.0.0.1", "10.9.0.1", "192.0.2.7", "2001:db8::1", "127.0.0.1", ""];
const NAMES = ["a.example.com", ".example.com", "b.test"];
const ALPN = ["h2", "http/1.1"];

function someOf<T>(random: SeededRandom, items: readonly T[]): T[] {
  return random.oneIn(2) ? [] : items.filter(() => random.oneIn(2));
}

function randomMatch(random: SeededRandom): FilterChainMatchData {
  return matchSample({
    destinationPort: random.oneIn(2) ? null : random.pick(PORTS),
    destinationRanges: someOf(random, RANGES).map(range),
    serverNames: someOf(random, NAMES),
    transportProtocol: random.pick(["", "", "tls", "raw_buffer"]),
    applicationProtocols: someOf(random, ALPN),
    directSourceRanges: someOf(random, RANGES).map(range),
    sourceType: random.pick([null, null, "external", "sameIpOrLoopback"] as const),
    sourceRanges: someOf(random, RANGES).map(range),
    sourcePorts: someOf(random, [5000, 5001]),
  });
}

function randomTraits(random: SeededRandom): ConnectionTraits {
  return {
    destinationIp: random.pick(IPS),
    destinationPort: random.pick([...PORTS, 81]),
    serverName: random.pick(["", "a.example.com", "x.example.com", "b.test", "c"]),
    transportProtocol: random.pick(["tls", "raw_buffer"]),
    applicationProtocols: someOf(random, ALPN),
    directSourceIp: random.pick(IPS),
    sourceIp: random.pick(IPS),
    sourcePort: random.pick([5000, 5001, 5002]),
  };
}

describe("Explaining the choice of a filter chain", () => {
  it("comes to the chain that connections get, whatever the chains and the connection", () => {
    const random = new SeededRandom(7);
    let found = 0;
    for (let round = 0; round < 300; round++) {
      const table = new FilterChainTable<number>();
      for (let chain = 0; chain < 1 + random.below(6); chain++) {
        table.add(random.oneIn(5) ? null : randomMatch(random), chain);
      }
      for (let i = 0; i < 20; i++) {
        const traits = randomTraits(random);
        const { chain, steps } = table.explain(traits);
        assert.equal(chain, table.find(traits), `round ${round}: ${JSON.stringify(traits)}`);
        if (chain === null) assert.equal(steps.at(-1)?.took, null);
        else found++;
      }
    }
    assert.ok(found > 100, `${found}`);
  });

  it("names each criterion that a chain has, what was asked for and what was taken", () => {
    const table = tableOf({ a: { serverNames: ["a.test", ".b.test"] }, b: { sourcePorts: [1] } });
    assert.deepEqual(table.explain({ ...PLAIN, serverName: "x.b.test" }), {
      chain: "a",
      steps: [{ criterion: "server_names", value: "x.b.test", asked: ["a.test", ".b.test"], took: ".b.test" }],
    });
    assert.deepEqual(table.explain(PLAIN), {
      chain: null,
      steps: [
        { criterion: "server_names", value: "", asked: ["a.test", ".b.test"], took: "any" },
        { criterion: "source_ports", value: "5000", asked: ["1"], took: null },
      ],
    });
  });
});

const rows: readonly {
  readonly name: string;
  readonly chains: Readonly<Record<string, Partial<FilterChainMatchData> | null>>;
  readonly found: readonly (readonly [Partial<ConnectionTraits>, string | null])[];
}[] = [
  {
    name: "the destination port",
    chains: { a: { destinationPort: 443 }, b: { destinationPort: 80 } },
    found: [
      [{}, "a"],
      [{ destinationPort: 80 }, "b"],
      [{ destinationPort: 81 }, null],
    ],
  },
  {
    name: "the longest destination range",
    chains: {
      wide: { destinationRanges: [range("10.0.0.0/8")] },
      narrow: { destinationRanges: [range("10.0.0.0/30"), range("2001:db8::/32")] },
      rest: null,
    },
    found: [
      [{}, "narrow"],
      [{ destinationIp: "10.0.0.4" }, "wide"],
      [{ destinationIp: "2001:db8::1" }, "narrow"],
      [{ destinationIp: "11.0.0.1" }, "rest"],
      [{ destinationIp: "" }, "rest"],
    ],
  },
  {
    name: "the server name itself, then the nearest wildcard",
    chains: {
      exact: { serverNames: ["www.example.com"] },
      near: { serverNames: [".example.com"] },
      far: { serverNames: [".com"] },
      rest: null,
    },
    found: [
      [{ serverName: "www.example.com" }, "exact"],
      [{ serverName: "a.b.example.com" }, "near"],
      [{ serverName: "example.com" }, "far"],
      [{ serverName: "com" }, "rest"],
      [{ serverName: "x.org" }, "rest"],
      [{ serverName: ".com" }, "rest"],
      [{ serverName: "..." }, "rest"],
      [{}, "rest"],
    ],
  },
  {
    name: "the transport protocol",
    chains: { tls: { transportProtocol: "tls" }, plain: { transportProtocol: "raw_buffer" } },
    found: [
      [{ transportProtocol: "tls" }, "tls"],
      [{}, "plain"],
    ],
  },
  {
    name: "the client's favourite protocol that a chain knows",
    chains: { h2: { applicationProtocols: ["h2"] }, h1: { applicationProtocols: ["http/1.1", "http/1.0"] } },
    found: [
      [{ applicationProtocols: ["x", "http/1.1", "h2"] }, "h1"],
      [{ applicationProtocols: ["h2", "http/1.1"] }, "h2"],
      [{ applicationProtocols: ["x"] }, null],
    ],
  },
  {
    name: "the direct source",
    chains: { a: { directSourceRanges: [range("192.0.2.0/24")] }, rest: null },
    found: [
      [{ sourceIp: "203.0.113.1" }, "a"],
      [{ directSourceIp: "203.0.113.1" }, "rest"],
    ],
  },
  {
    name: "where the peer is",
    chains: { local: { sourceType: "sameIpOrLoopback" }, external: { sourceType: "external" } },
    found: [
      [{}, "external"],
      [{ sourceIp: "10.0.0.1" }, "local"],
      [{ sourceIp: "127.9.9.9" }, "local"],
      [{ sourceIp: "::1" }, "local"],
      [{ sourceIp: "", destinationIp: "" }, "local"],
    ],
  },
  {
    name: "the source's address and port",
    chains: {
      port: { sourceRanges: [range("192.0.2.0/24")], sourcePorts: [5000, 5001] },
      address: { sourceRanges: [range("192.0.2.0/24")] },
      rest: { sourcePorts: [1] },
    },
    found: [
      [{}, "port"],
      [{ sourcePort: 5002 }, "address"],
      [{ sourceIp: "198.51.100.1", sourcePort: 1 }, "rest"],
      [{ sourceIp: "198.51.100.1" }, null],
    ],
  },
];

describe("The choice of a filter chain", () => {
  for (const { name, chains, found } of rows) {
    it(`knows ${name}`, () => {
      const table = tableOf(chains);
      for (const [traits, chain] of found) assert.equal(table.find({ ...PLAIN, ...traits }), chain);
    });
  }

  it("takes the most specific entry of each criterion in turn and never goes back", () => {
    const table = tableOf({
      port: { destinationPort: 443, sourcePorts: [1] },
      name: { serverNames: ["a"] },
      rest: null,
    });
    assert.equal(table.find({ ...PLAIN, serverName: "a" }), null);
    assert.equal(table.find({ ...PLAIN, serverName: "a", sourcePort: 1 }), "port");
    assert.equal(table.find({ ...PLAIN, serverName: "a", destinationPort: 80 }), "name");
    assert.equal(table.find({ ...PLAIN, destinationPort: 80 }), "rest");
  });

  it("needs to know nothing of the connection when no chain has conditions", () => {
    assert.equal(tableOf({ a: {} }).isConditional, false);
    assert.equal(tableOf({ a: {} }).unconditional, "a");
    assert.equal(tableOf({}).unconditional, null);
    assert.equal(tableOf({ a: { sourcePorts: [1] } }).isConditional, true);
  });

  it("says which chain takes the same connections", () => {
    const table = tableOf({ a: { serverNames: ["a", "b"] }, b: { destinationRanges: [range("10.0.0.0/8")] }, c: null });
    assert.equal(table.add(matchSample({ serverNames: ["c", "b"] }), "x"), "a");
    assert.equal(table.add(matchSample({ destinationRanges: [range("10.1.2.3/8")] }), "x"), "b");
    assert.equal(table.add(matchSample({ destinationRanges: [range("::ffff:10.0.0.0/104")] }), "x"), "b");
    assert.equal(table.add(matchSample({}), "x"), "c");
    assert.equal(table.add(matchSample({ destinationRanges: [range("10.0.0.0/9")] }), "x"), null);
  });
});
