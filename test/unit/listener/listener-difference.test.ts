import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import { compareListeners } from "../../../src/listener/listener-difference.ts";
import { chainSample, listenerSample } from "./listener-sample.ts";

const before = listenerSample("a", { chains: [chainSample("one", { v: 1 })], defaultChain: chainSample("rest") });
const otherPort: ListenerData["addresses"] = [{ address: { type: "ip", ip: "127.0.0.1", port: 81 }, ipv6Only: false }];

describe("compareListeners", () => {
  const rows: readonly {
    name: string;
    changes: Partial<ListenerData>;
    type: string;
    removed: string[];
    added: string[];
    sockets: boolean;
  }[] = [
    { name: "equal data", changes: {}, type: "same", removed: [], added: [], sockets: false },
    {
      name: "a changed chain",
      changes: { chains: [chainSample("one", { v: 2 })] },
      type: "update",
      removed: ["one"],
      added: ["one"],
      sockets: false,
    },
    {
      name: "a chain more",
      changes: { chains: [chainSample("one", { v: 1 }), chainSample("two")] },
      type: "update",
      removed: [],
      added: ["two"],
      sockets: false,
    },
    {
      name: "no default chain",
      changes: { defaultChain: null },
      type: "update",
      removed: ["rest"],
      added: [],
      sockets: false,
    },
    {
      name: "another buffer limit",
      changes: { bufferLimitBytes: 1 },
      type: "update",
      removed: [],
      added: [],
      sockets: false,
    },
    {
      name: "another stat prefix",
      changes: { statPrefix: "b" },
      type: "replace",
      removed: ["one", "rest"],
      added: ["one", "rest"],
      sockets: false,
    },
    {
      name: "another address",
      changes: { addresses: otherPort },
      type: "replace",
      removed: ["one", "rest"],
      added: ["one", "rest"],
      sockets: true,
    },
  ];
  for (const row of rows) {
    it(`says what ${row.name} means`, () => {
      const after = structuredClone({ ...before, ...row.changes });
      const { type, removedChains, addedChains, socketsChange } = compareListeners(before, after);
      assert.equal(type, row.type);
      assert.deepEqual(
        removedChains.map((chain) => chain.name),
        row.removed,
      );
      assert.deepEqual(
        addedChains.map((chain) => chain.name),
        row.added,
      );
      assert.equal(socketsChange, row.sockets);
    });
  }
});
