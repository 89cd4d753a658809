import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseIp, splitAddress } from "../../../src/match/ip-address.ts";
import { cidrProblem, createIpSet, IpPrefixTable } from "../../../src/match/ip-prefix-table.ts";

describe("parseIp", () => {
  const rows: { text: string; hex: string | null }[] = [
    { text: "1.2.3.4", hex: "01020304" },
    { text: "255.255.255.255", hex: "ffffffff" },
    { text: "::", hex: "00000000000000000000000000000000" },
    { text: "::1", hex: "00000000000000000000000000000001" },
    { text: "2001:DB8::a:1", hex: "20010db80000000000000000000a0001" },
    { text: "1:2:3:4:5:6:7:8", hex: "00010002000300040005000600070008" },
    { text: "1:2:3:4:5:6:1.2.3.4", hex: "00010002000300040005000601020304" },
    { text: "::ffff:1.2.3.4", hex: "01020304" },
    { text: "::ffff:102:304", hex: "01020304" },
    { text: "", hex: null },
    { text: "1.2.3", hex: null },
    { text: "1.2.3.256", hex: null },
    { text: "01.2.3.4", hex: null },
    { text: "0x1.2.3.4", hex: null },
    { text: "1.2.3.4.5", hex: null },
    { text: "1.2.3.4 ", hex: null },
    { text: ":::", hex: null },
    { text: "1::2::3", hex: null },
    { text: "1:2:3:4:5:6:7", hex: null },
    { text: "1:2:3:4:5:6:7:8::", hex: null },
    { text: "1.2.3.4::", hex: null },
    { text: "12345::", hex: null },
    { text: "fe80::1%eth0", hex: null },
    { text: "[::1]", hex: null },
  ];
  for (const { text, hex } of rows) {
    it(`${JSON.stringify(text)} is ${hex ?? "no address"}`, () => {
      const bytes = parseIp(text);
      assert.equal(bytes === null ? null : Buffer.from(bytes).toString("hex"), hex);
    });
  }
});

describe("splitAddress", () => {
  const rows = [
    { address: "1.2.3.4:80", ip: "1.2.3.4", port: "80" },
    { address: "[::1]:80", ip: "::1", port: "80" },
    { address: "[::1]", ip: "::1", port: "" },
    { address: "::1", ip: "::1", port: "" },
    { address: "1.2.3.4", ip: "1.2.3.4", port: "" },
    { address: "/run/a:b.sock", ip: "/run/a:b.sock", port: "" },
  ];
  for (const { address, ip, port } of rows) it(address, () => assert.deepEqual(splitAddress(address), { ip, port }));
});

describe("IpPrefixTable", () => {
  const table = new IpPrefixTable<string>();
  table.add({ address: "10.0.0.0", prefixLength: 8 }, "ten");
  table.add({ address: "10.1.0.0", prefixLength: 16 }, "ten-one");
  table.add({ address: "10.1.2.3", prefixLength: 32 }, "host");
  table.add({ address: "10.1.128.0", prefixLength: 17 }, "odd");
  table.add({ address: "2001:db8::", prefixLength: 33 }, "six");
  table.add({ address: "::ffff:192.0.2.0", prefixLength: 120 }, "mapped");
  const rows = [
    { ip: "10.9.9.9", value: "ten" },
    { ip: "10.1.9.9", value: "ten-one" },
    { ip: "10.1.200.1", value: "odd" },
    { ip: "10.1.2.3", value: "host" },
    { ip: "::ffff:10.1.2.3", value: "host" },
    { ip: "11.0.0.1", value: undefined },
    { ip: "2001:db8:7fff::1", value: "six" },
    { ip: "2001:db8:8000::1", value: undefined },
    { ip: "192.0.2.9", value: "mapped" },
    { ip: "not an address", value: undefined },
  ];
  for (const { ip, value } of rows) it(`${ip} → ${value}`, () => assert.equal(table.lookup(ip), value));

  it("keeps IPv4 and IPv6 apart at length 0", () => {
    const set = createIpSet([{ address: "::", prefixLength: 0 }]);
    assert.deepEqual([set.has("::5"), set.has("1.2.3.4")], [true, false]);
  });

  it("names what is wrong with a range", () => {
    assert.match(cidrProblem({ address: "x", prefixLength: 1 })!, /not an IP address/);
    assert.match(cidrProblem({ address: "1.2.3.4", prefixLength: 33 })!, /more than 32/);
    assert.equal(cidrProblem({ address: "::", prefixLength: 128 }), null);
  });
});
