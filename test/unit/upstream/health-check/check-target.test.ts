import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkTarget } from "../../../../src/upstream/health-check/check-target.ts";
import { endpointData } from "../cluster-fixture.ts";

describe("The address of a check", () => {
  const base = { address: null, port: 0, hostname: "", disabled: false };
  const other = { type: "ip", ip: "127.0.0.9", port: 99 } as const;
  const table = [
    ["is where the host serves", null, 0, "127.0.0.1:80"],
    ["has the port of alt_port", null, 81, "127.0.0.1:81"],
    ["has the endpoint's own port before that", { ...base, port: 82 }, 81, "127.0.0.1:82"],
    ["is the endpoint's own address", { ...base, address: other }, 81, "127.0.0.9:99"],
    ["is both if there are both", { ...base, address: other, port: 82 }, 0, "127.0.0.9:82"],
  ] as const;
  for (const [name, healthCheck, altPort, expected] of table) {
    it(name, () => {
      const { address } = checkTarget("c", endpointData(80, { healthCheck }), { altPort, sourceAddresses: [] }, null);
      assert.equal(address.type === "ip" && `${address.ip}:${address.port}`, expected);
    });
  }

  it("is the path of a Unix-domain socket, which has no port", () => {
    const address = { type: "pipe", path: "/a", mode: 0 } as const;
    assert.deepEqual(
      checkTarget("c", endpointData(1, { address }), { altPort: 81, sourceAddresses: [] }, null).address,
      address,
    );
  });
});
