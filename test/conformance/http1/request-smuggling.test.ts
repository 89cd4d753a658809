import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Http1Relay } from "../../harness/http1-relay.ts";
import { REFUSED_REQUESTS, SMUGGLED } from "./refused-requests.ts";
import { serverOutcome } from "./server-outcome.ts";

describe("Requests that could be understood in two ways", () => {
  for (const row of REFUSED_REQUESTS) {
    it(`are refused: ${row.name}`, () => {
      const outcome = serverOutcome(row.bytes, { acceptHttp10: row.acceptHttp10 ?? false });
      assert.equal(outcome.status, row.status ?? 400);
      if (row.details !== undefined) assert.equal(outcome.details, row.details);
      assert.equal(outcome.requests.length, row.inBody ? 1 : 0, "requests handed on");
      assert.ok(outcome.requests.every((request) => !request.ended));
      assert.equal(outcome.written, "");
      assert.equal(outcome.closes, true);
    });

    it(`reach no upstream: ${row.name}`, () => {
      const relay = new Http1Relay({ acceptHttp10: row.acceptHttp10 ?? false });
      relay.feed(row.bytes);
      relay.feed(SMUGGLED);
      const received = relay.upstreams.map((upstream) => upstream.text);
      if (row.inBody) {
        // The head went out before the body was seen; the request never comes to its end.
        assert.equal(received.length, 1);
        assert.match(received[0]!, /^POST \/first HTTP\/1\.1\r\n/);
        assert.ok(!received[0]!.endsWith("0\r\n\r\n"));
        assert.ok(!received[0]!.includes("smuggled"));
      } else {
        assert.deepEqual(received, []);
      }
    });
  }
});
