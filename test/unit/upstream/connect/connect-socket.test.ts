import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { connectSocket } from "../../../../src/upstream/connect/connect-socket.ts";
import { clusterData } from "../cluster-fixture.ts";
import { WorkerFixture } from "../pool/pool-fixture.ts";

describe("A connection to a host", () => {
  for (const tcpKeepalive of [{ timeS: 30, intervalS: 7, probes: 4 }, null]) {
    it(`is probed by TCP ${tcpKeepalive === null ? "never unless" : "as"} it is said`, async (t) => {
      const server = net.createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
      t.after(() => server.close());
      await once(server, "listening");
      const worker = new WorkerFixture();
      t.after(() => worker.close());
      const { connectionSettings } = clusterData([]);
      worker.apply([clusterData([], { connectionSettings: { ...connectionSettings, tcpKeepalive } })]);
      const address = { type: "ip", ip: "127.0.0.1", port: (server.address() as AddressInfo).port } as const;
      const socket = connectSocket({ address, metadata: new Map() }, worker.manager.get("one")!.info);
      t.after(() => socket.destroy());
      const set = t.mock.method(socket, "setKeepAlive");
      await once(socket, "connect");
      const expected = [{ enable: true, initialDelay: 30_000, interval: 7000, count: 4 }];
      assert.deepEqual(
        set.mock.calls.map(({ arguments: given }) => given as unknown[]),
        tcpKeepalive === null ? [] : [expected],
      );
    });
  }
});
