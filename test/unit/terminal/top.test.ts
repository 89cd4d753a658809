import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LiveActor, LiveSample, LiveWorker } from "../../../src/admin/live/live-sample.ts";
import { ratesBetween } from "../../../src/admin/page/rates.ts";
import { type TopData, topLines, topRows, topText } from "../../../src/terminal/top-lines.ts";
import { afterKey, FIRST_STATE, SORT_KEYS, TOP_VIEWS, type TopState } from "../../../src/terminal/top-state.ts";

const DOWN = "\u001b[B";

function worker(name: string, changes: Partial<LiveWorker> = {}): LiveWorker {
  const well = { status: "running", snapshot_version: 3, connections: 5, restarts: 0, answering: true };
  return { name, ...well, report_age_ms: 20, ...changes };
}

function actor(id: string, changes: Partial<LiveActor> = {}): LiveActor {
  return {
    id,
    kind: "worker",
    thread: "main",
    status: "running",
    snapshot_version: 3,
    mailbox_length: 0,
    mailbox_capacity: 1000,
    mailbox_alarm: false,
    oldest_message_age_ms: null,
    wait_ms: { p50: 0, p99: 1 },
    handle_ms: { p50: 0, p99: 1 },
    busy_share: 0.1,
    handled: 7,
    restarts: 0,
    last_error: null,
    answering: true,
    report_age_ms: 0,
    attributes: {},
    children: [],
    ...changes,
  };
}

function sample(atMs: number, requests: number, changes: Partial<LiveSample> = {}): LiveSample {
  const totals = {
    ...{ requests, responses_1xx: 0, responses_2xx: requests, responses_3xx: 0, responses_4xx: 0, responses_5xx: 0 },
    ...{ requests_active: 1, connections: 9, connections_active: 5, received_bytes: 0, sent_bytes: 2048 },
    ...{ listeners: 2, listeners_closed: 0, listeners_winding_up: 0, chains_draining: 0, listeners_draining: 0 },
  };
  const values = { upstream_rq_total: requests, membership_total: 3, membership_healthy: 2 };
  return {
    at_ms: atMs,
    stats_at_ms: atMs,
    state: "LIVE",
    version: 3,
    reloading: false,
    totals,
    latency: { count: 9, p50_ms: 1.5, p90_ms: 2, p99_ms: 12, max_ms: 20 },
    workers: [worker("worker-1"), worker("worker-2", { connections: 9 })],
    threads: [],
    actors: [actor("supervisor", { children: [actor("supervisor/worker-1", { mailbox_length: 4 })] })],
    parts: [
      { kind: "cluster", name: "quiet", values: {} },
      { kind: "cluster", name: "everyone", values },
    ],
    parts_left_out: 0,
    events: [{ at_ms: 5, kind: "crash", text: "it crashed\u001b[2J" }],
    ...changes,
  };
}

function data(changes: Partial<LiveSample> = {}): TopData {
  const before = sample(1000, 100);
  const after = sample(2000, 350, changes);
  return { sample: after, rates: ratesBetween(before, after) };
}

const press = (state: TopState, ...keys: string[]): TopState =>
  keys.reduce(
    (now, key) =>
      afterKey(
        now,
        key,
        topRows(data(), now).rows.map(({ name }) => name),
      ),
    state,
  );

describe("The keys of troupe top", () => {
  it("choose views by number and by Tab, round and round", () => {
    assert.equal(press(FIRST_STATE, "3").view, "clusters");
    assert.equal(press(FIRST_STATE, "\t").view, "actors");
    assert.equal(press(FIRST_STATE, ...TOP_VIEWS.map(() => "\t")).view, "workers");
  });

  it("sort by each column in turn", () => {
    let state = press(FIRST_STATE, "3");
    for (const expected of [...SORT_KEYS.clusters.slice(1), SORT_KEYS.clusters[0]]) {
      state = press(state, "s");
      assert.equal(state.sort.clusters, expected);
    }
  });

  it("choose a row within the list, open it, and come back", () => {
    const down = press(FIRST_STATE, DOWN, DOWN, DOWN);
    assert.equal(down.row, 1);
    assert.equal(press(down, "k", "k").row, 0);
    const open = press(down, "\r");
    assert.equal(open.chosen, "worker-2");
    assert.equal(press(open, "\u001b").chosen, "");
  });

  it("quit by q and Ctrl-C, and else do nothing", () => {
    assert.equal(press(FIRST_STATE, "q").quit, true);
    assert.equal(press(FIRST_STATE, "\u0003").quit, true);
    assert.deepEqual(press(FIRST_STATE, "x", "9", "\u001b[D"), FIRST_STATE);
  });
});

describe("The screen of troupe top", () => {
  const screen = (state: TopState, changes?: Partial<LiveSample>): string =>
    topLines(data(changes), state, 24, false).join("\n");

  it("says what was drained", () => {
    const { totals } = data().sample;
    const says = (changes: Partial<LiveSample["totals"]>) => screen(FIRST_STATE, { totals: { ...totals, ...changes } });
    assert.doesNotMatch(says({}), /drain/);
    assert.match(says({ listeners_winding_up: 1 }), /^1 of 2 listeners are being drained: .* still accepted\.$/m);
    assert.match(says({ listeners_closed: 1 }), /^1 of 2 listeners do not accept connections any more: /m);
    assert.match(says({ listeners_closed: 2 }), /^No listener accepts connections any more: /m);
  });

  it("begins with rates and latencies", () => {
    assert.match(
      screen(FIRST_STATE),
      /requests 250\/s {2}5xx 0 % {2}p50 1\.5 ms {2}p99 12 ms {2}connections 5 {2}under way 1 {2}in 0 B\/s {2}out 0 B\/s/,
    );
  });

  it("names a worker that does not answer", () => {
    const text = screen(FIRST_STATE, { workers: [worker("worker-1", { answering: false, report_age_ms: 3000 })] });
    assert.match(text, /^worker-1 has not answered for 3\.0 s$/m);
    assert.match(text, /^worker-1 {2}silent/m);
  });

  it("shows clusters with their rate, the busiest first, and their healthy hosts", () => {
    const lines = screen(press(FIRST_STATE, "3")).split("\n");
    assert.deepEqual(
      lines.slice(-2).map((line) => line.trim().split(/ {2,}/)),
      [
        ["everyone", "250", "0", "0", "0", "0", "2/3"],
        ["quiet", "0", "0", "0", "0", "0", "0/0"],
      ],
    );
  });

  it("shows actors as a tree or sorted, and everything about a chosen one", () => {
    const rows = topRows(data(), press(FIRST_STATE, "2", "s")).rows.map(({ name }) => name);
    assert.deepEqual(rows, ["supervisor/worker-1", "supervisor"]);
    assert.match(screen(press(FIRST_STATE, "2", DOWN, "\r")), /supervisor\/worker-1\n {2}id +supervisor\/worker-1/);
  });

  it("keeps the chosen row on the screen when the list is longer", () => {
    const many = { workers: Array.from({ length: 50 }, (_, i) => worker(`worker-${i}`)) };
    const lines = topLines(data(many), { ...FIRST_STATE, row: 40 }, 12, false);
    assert.ok(lines.length <= 12);
    assert.ok(lines.some((line) => line.startsWith("worker-40 ")));
  });

  it("lets no name or error write to the terminal", () => {
    assert.ok(!screen(press(FIRST_STATE, "4")).includes("\u001b"));
    assert.ok(!screen(press(FIRST_STATE, "4", "\r")).includes("\u001b"));
    assert.ok(!topText(data(), FIRST_STATE).includes("\u001b"));
  });

  it("is one text with all lists where there is no terminal", () => {
    const text = topText(data(), FIRST_STATE);
    for (const view of TOP_VIEWS) assert.match(text, new RegExp(`^${view.toUpperCase()}$`, "m"));
  });
});
