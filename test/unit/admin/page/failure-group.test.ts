import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Failure, groupFailures } from "../../../../src/admin/page/failure-group.ts";

function failure(at_ms: number, reason: string, cluster = "api"): Failure {
  return {
    at_ms,
    reason,
    cluster,
    worker: "worker-1",
    flags: ["UF"],
    status: 503,
    details: "",
    protocol: "HTTP/1.1",
    method: "GET",
    authority: "a",
    path: "/",
    request_id: "",
    peer: "",
    connection_id: 1,
    virtual_host: "",
    route: "",
    host: "",
    attempts: [],
    request_complete_ms: 0,
    upstream_connected_ms: -1,
    upstream_sent_ms: -1,
    upstream_first_byte_ms: -1,
    response_first_byte_ms: -1,
    total_ms: 1,
  };
}

describe("Failures by reason", () => {
  it("come with the newest first, among the groups and in each", () => {
    const groups = groupFailures([failure(4, "b"), failure(3, "a"), failure(2, "b"), failure(1, "a")]);
    assert.deepEqual(
      groups.map(({ failures }) => failures.map(({ at_ms }) => at_ms)),
      [
        [4, 2],
        [3, 1],
      ],
    );
  });

  it("are apart if their clusters are", () => {
    assert.equal(groupFailures([failure(2, "a", "one"), failure(1, "a", "two")]).length, 2);
  });
});
