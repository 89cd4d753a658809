import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventsHandler } from "../../../../src/admin/live/events-handler.ts";
import { MAX_SUBSCRIBERS } from "../../../../src/admin/live/live-feed.ts";
import type { LiveSample } from "../../../../src/admin/live/live-sample.ts";
import { SampleProxy } from "../../../harness/sample-admin-views.ts";

const REQUEST = { method: "GET", path: "/events", params: new URLSearchParams(), headers: {}, body: "" };

describe("/events", () => {
  it("streams samples as server-sent events, one line of JSON each", async () => {
    const proxy = new SampleProxy();
    const response = await eventsHandler(proxy.views.live).handle(REQUEST);
    assert.equal(response.status, 200);
    assert.equal(response.contentType, "text/event-stream");
    assert.ok(typeof response.body !== "string");
    const pieces: string[] = [];
    for await (const piece of response.body) if (pieces.push(String(piece)) === 2) break;
    assert.equal(pieces[0], "retry: 1000\n\n");
    const [, data] = /^event: sample\ndata: (.*)\n\n$/.exec(pieces[1]!) ?? [];
    const sample = JSON.parse(data!) as LiveSample;
    assert.equal(sample.state, "LIVE");
    assert.equal(sample.version, 7);
    assert.equal(proxy.live.subscriberCount, 0);
  });

  it("answers 503 when as many watch as may", async () => {
    const proxy = new SampleProxy();
    const watching = Array.from({ length: MAX_SUBSCRIBERS }, () => proxy.live.samples());
    await Promise.all(watching.map((samples) => samples.next()));
    const response = await eventsHandler(proxy.views.live).handle(REQUEST);
    assert.equal(response.status, 503);
    assert.match(String(response.body), /^8 clients watch already/);
    for (const samples of watching) await samples.return();
  });

  it("samples nothing for HEAD, or if the client goes before the stream begins", async () => {
    const proxy = new SampleProxy();
    await eventsHandler(proxy.views.live).handle({ ...REQUEST, method: "HEAD" });
    await eventsHandler(proxy.views.live).handle(REQUEST);
    assert.equal(proxy.live.subscriberCount, 0);
    assert.deepEqual(proxy.calls, []);
  });
});
