import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostsNow } from "../../../../src/admin/page/hosts-now.ts";

const ejection = { address: "10.0.0.1:80", reason: "CONSECUTIVE_5XX", since_ms: 12_000, ends_in_ms: 18_000 };

describe("The hosts that are out of use, in a sentence", () => {
  it("is empty if there are none", () => {
    assert.equal(hostsNow({ cluster: "api", hosts: 3, flagged_hosts: [] }), "");
    assert.equal(hostsNow({ cluster: "api", hosts: 3, flagged_hosts: [], outlier: { ejections: [] } }), "");
  });

  it("says who is ejected since when, and which check fails since when and why", () => {
    const failing = { address: "10.0.0.2:80", flags: ["failed_active_hc"], failing_for_ms: 8000, why: "refused" };
    const text = hostsNow({ cluster: "api", hosts: 3, flagged_hosts: [failing], outlier: { ejections: [ejection] } });
    assert.equal(
      text,
      "2 of 3 hosts are out of use: 10.0.0.1:80 ejected by outlier detection 12.0 s ago (CONSECUTIVE_5XX, back in 18.0 s); 10.0.0.2:80 failing health checks for 8.0 s: refused.",
    );
  });

  it("counts a host once that is ejected and fails its checks", () => {
    const both = { address: "10.0.0.1:80", flags: ["failed_active_hc", "failed_outlier_check"] };
    const text = hostsNow({ cluster: "api", hosts: 1, flagged_hosts: [both], outlier: { ejections: [ejection] } });
    assert.match(text, /^1 of 1 host is out of use: .*; 10\.0\.0\.1:80 failing health checks\.$/);
  });

  it("names five of many", () => {
    const flagged = Array.from({ length: 9 }, (_, index) => ({ address: `h${index}`, flags: ["failed_active_hc"] }));
    assert.match(hostsNow({ cluster: "api", hosts: 9, flagged_hosts: flagged }), /h4 failing health checks; 4 more\.$/);
  });
});
