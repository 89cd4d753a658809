import type { ConnectionTraits, FilterChainMatchData } from "../../src/listener/filter-chain/filter-chain-match.ts";
import { FilterChainTable } from "../../src/listener/filter-chain/filter-chain-table.ts";
import { printNanoseconds } from "./nanoseconds.ts";

/** What choosing a filter chain costs, by what the chains ask for and how many there are. */
const ANY: FilterChainMatchData = {
  destinationPort: null,
  destinationRanges: [],
  serverNames: [],
  transportProtocol: "",
  applicationProtocols: [],
  directSourceRanges: [],
  sourceType: null,
  sourceRanges: [],
  sourcePorts: [],
};

const kinds: readonly { readonly name: string; readonly match: (at: number) => FilterChainMatchData }[] = [
  {
    name: "server name",
    match: (at) => ({ ...ANY, serverNames: [`host-${at}.example.com`], transportProtocol: "tls" }),
  },
  { name: "wildcard", match: (at) => ({ ...ANY, serverNames: [`.host-${at}.example.com`], transportProtocol: "tls" }) },
  { name: "destination port", match: (at) => ({ ...ANY, destinationPort: 1000 + at }) },
  {
    name: "source range",
    match: (at) => ({ ...ANY, sourceRanges: [{ address: `10.${at >> 8}.${at & 255}.0`, prefixLength: 24 }] }),
  },
];

function traits(at: number, name: string): ConnectionTraits {
  return {
    destinationIp: "192.0.2.1",
    destinationPort: 1000 + at,
    serverName: `${name === "wildcard" ? "www." : ""}host-${at}.example.com`,
    transportProtocol: "tls",
    applicationProtocols: ["h2", "http/1.1"],
    directSourceIp: `10.${at >> 8}.${at & 255}.7`,
    sourceIp: `10.${at >> 8}.${at & 255}.7`,
    sourcePort: 40_000,
  };
}

let kept = 0;
for (const { name, match } of kinds) {
  for (const count of [10, 1000]) {
    const table = new FilterChainTable<number>();
    for (let at = 0; at < count; at++) table.add(match(at), at + 1);
    // The same number of connections for each count, so that only the tables differ.
    const connections = Array.from({ length: 10 }, (_, at) => traits(at * (count / 10), name));
    printNanoseconds(`${name}, ${count} chains`, (times) => {
      for (let at = 0; at < times; at++) kept += table.find(connections[at % 10]!)!;
    });
  }
}
console.log(kept > 0 ? "" : "nothing was found");
