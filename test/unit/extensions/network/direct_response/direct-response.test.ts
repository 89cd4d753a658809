import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { networkFilter, TcpPath, tcpConfig } from "../tcp-path.ts";

describe("envoy.filters.network.direct_response", () => {
  it("answers with its bytes and closes", async (t) => {
    const filter = networkFilter("direct_response", "Config", { response: { inline_string: "go away\n" } });
    const tcp = await TcpPath.start(t, tcpConfig([filter]));
    const client = await tcp.client();
    await client.untilEnded();
    assert.equal(client.text, "go away\n");
  });

  it("only closes if it has no response", async (t) => {
    const tcp = await TcpPath.start(t, tcpConfig([networkFilter("direct_response", "Config")]));
    const client = await tcp.client();
    await client.untilEnded();
    assert.equal(client.text, "");
  });

  it("refuses a response file that is not there, by name", async (t) => {
    const filter = networkFilter("direct_response", "Config", { response: { filename: "/nowhere/at-all" } });
    await assert.rejects(TcpPath.start(t, tcpConfig([filter])), /can't read \/nowhere\/at-all/);
  });
});
