import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FilterDataStatus, FilterHeadersStatus, type HttpFilterFactory } from "../../src/http/filter.ts";
import type { RequestHeaderMap } from "../../src/http/header-map.ts";
import type { StreamRoute } from "../../src/http/stream-route.ts";
import { FilterStage, factoryOf } from "./filter-stage.ts";
import { type FilterScript, ScriptedFilter } from "./scripted-filter.ts";

/** The filter under contract, and what it needs to get to work. */
export interface HttpFilterContractSubject {
  /** Makes the filters of one stream; a new factory for each test. */
  createFactory(): HttpFilterFactory;
  /** Changes the request so that the filter has something to do. */
  readonly prepare?: (request: RequestHeaderMap) => void;
  readonly route?: StreamRoute;
  /** How long it may hold a message back, if it does so by the clock. */
  readonly waitsMs?: number;
}

/** One whole exchange, in steps. */
const STEPS: readonly ((stage: FilterStage) => void)[] = [
  (stage) => stage.decodeHeaders(),
  (stage) => stage.decodeData("one"),
  (stage) => stage.decodeData("two"),
  (stage) => stage.decodeTrailers(),
  (stage) => stage.respond(),
  (stage) => stage.respondData("three"),
  (stage) => stage.respondData("four"),
  (stage) => stage.respondTrailers(),
];

/** Sets a stage with the filter between a scripted one before it and a terminal one after it. */
type SetStage = (after?: FilterScript, before?: FilterScript) => FilterStage;

/**
 * What every HTTP filter must hold to, whatever it does: messages keep their shape, nothing comes after the end or after a
 * reply, no request is left hanging, and nothing is left behind when the stream is gone.
 */
export function describeHttpFilterContract(name: string, subject: HttpFilterContractSubject): void {
  const setStage: SetStage = (after = {}, before = {}) => {
    const stage = new FilterStage({ route: subject.route ?? null, waitsMs: subject.waitsMs ?? 0 });
    stage.add([
      { name: "before", factory: factoryOf(new ScriptedFilter("before", stage.log, before)) },
      { name, factory: subject.createFactory() },
      { name: "after", factory: factoryOf(new ScriptedFilter("after", stage.log, after)) },
    ]);
    subject.prepare?.(stage.request);
    return stage;
  };
  describe(`the HTTP filter contract: ${name}`, () => {
    keepsShapes(setStage);
    takesReplies(setStage);
    staysAway(name, subject);
    leavesNothingBehind(setStage);
  });
}

function keepsShapes(setStage: SetStage): void {
  const shapes: readonly (readonly [string, readonly number[]])[] = [
    ["headers, body and trailers both ways", [0, 1, 2, 3, 4, 5, 6, 7]],
    ["body that waits for a late response", [0, 1, 2, 3, 4, 7]],
    ["an early response", [0, 1, 4, 5, 6, 7]],
    ["trailers without body", [0, 3, 4, 7]],
  ];
  for (const [shape, steps] of shapes) {
    it(`keeps the shape of messages: ${shape}`, async () => {
      const stage = setStage();
      for (const step of steps) await run(stage, STEPS[step]!);
      assertShapes(stage.log);
      assert.ok(stage.response !== null || stage.wasReset, "the exchange was left hanging");
    });
  }

  it("keeps the shape of messages that end with their headers or data", async () => {
    const stage = setStage();
    await run(stage, () => stage.decodeHeaders(true));
    assert.ok(
      stage.log.includes("after decodeHeaders end") || stage.log.some(isAnswer) || hasEnd(stage.log, "after decode"),
    );
    await run(stage, () => stage.respond());
    await run(stage, () => stage.respondData("all", true));
    assertShapes(stage.log);
    assert.ok(stage.response !== null || stage.wasReset, "the exchange was left hanging");
  });
}

function takesReplies(setStage: SetStage): void {
  it("takes a reply by another filter, before it has seen the request", async () => {
    const reply: FilterScript = {
      decodeHeaders: (filter) => {
        filter.decoder.sendLocalReply({ status: 403, body: "no", details: "test" });
        return FilterHeadersStatus.stopIteration;
      },
    };
    const stage = setStage({}, reply);
    await run(stage, () => stage.decodeHeaders());
    assert.notEqual(stage.response, null);
    assertShapes(stage.log);
    assert.equal(stage.timers.armedCount, 0);
  });

  it("takes a reply by a later filter in the middle of the body", async () => {
    const reply: FilterScript = {
      decodeData: (filter) => {
        filter.decoder.sendLocalReply({ status: 403, body: "no", details: "test" });
        return FilterDataStatus.stopIterationNoBuffer;
      },
    };
    const stage = setStage(reply);
    for (const step of [0, 1, 2, 3]) await run(stage, STEPS[step]!);
    assert.notEqual(stage.response, null);
    assertShapes(stage.log);
    assert.equal(stage.timers.armedCount, 0);
  });
}

function staysAway(name: string, subject: HttpFilterContractSubject): void {
  it("does nothing where a route disables it", async () => {
    const disables: StreamRoute = {
      name: "",
      metadata: new Map(),
      perFilterConfig: () => undefined,
      perFilterConfigs: () => [],
      filterDisabled: (filterName) => filterName === name,
    };
    const stage = new FilterStage({ route: disables });
    const after = new ScriptedFilter("after", stage.log);
    stage.add([
      { name, factory: subject.createFactory() },
      { name: "after", factory: factoryOf(after) },
    ]);
    subject.prepare?.(stage.request);
    const headers = stage.request.list.slice();
    await run(stage, () => stage.decodeHeaders());
    await run(stage, () => stage.decodeData("one", true));
    await run(stage, () => stage.respond());
    await run(stage, () => stage.respondData("two", true));
    assert.deepEqual(stage.request.list, headers);
    assert.deepEqual(
      stage.log.filter((entry) => entry.startsWith("after decode") || entry.startsWith("out")),
      ["after decodeHeaders", 'after decodeData "one" end', "out 200", 'out "two" end'],
    );
  });
}

function leavesNothingBehind(setStage: SetStage): void {
  for (let count = 0; count < STEPS.length; count++) {
    it(`leaves nothing behind when the stream is reset after ${count} steps`, async () => {
      const stage = setStage();
      for (let i = 0; i < count; i++) STEPS[i]!(stage);
      stage.manager.destroy();
      const calls = stage.log.length;
      assert.equal(stage.timers.armedCount, 0, "a timer is armed");
      await run(stage, () => stage.clock.advance(120_000));
      assert.deepEqual(stage.log.slice(calls), [], "something was called after the end");
    });
  }
}

/** Does a step and lets everything that it set off settle. */
async function run(stage: FilterStage, step: (stage: FilterStage) => void): Promise<void> {
  step(stage);
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  stage.clock.advance(stage.waitsMs);
}

function isAnswer(entry: string): boolean {
  return entry.startsWith("out ");
}

function hasEnd(log: readonly string[], prefix: string): boolean {
  return log.some((entry) => entry.startsWith(prefix) && entry.endsWith(" end"));
}

/** Headers once and first, nothing behind the end, and nothing at all behind `destroy`. */
function assertShapes(log: readonly string[]): void {
  assertMessage(
    log.filter((entry) => entry.startsWith("after decode")),
    (entry) => entry.startsWith("after decodeHeaders"),
  );
  assertMessage(
    log.filter((entry) => isAnswer(entry) && !entry.startsWith("out 1xx") && entry !== "out reset"),
    (entry) => /^out \d{3}( end)?$/.test(entry),
  );
  for (const filter of ["before", "after"]) {
    const own = log.filter((entry) => entry.startsWith(`${filter} `));
    const at = own.indexOf(`${filter} destroy`);
    assert.ok(at === -1 || at === own.length - 1, `${filter} is called after it was destroyed`);
  }
}

function assertMessage(parts: readonly string[], isHeaders: (entry: string) => boolean): void {
  for (const [i, part] of parts.entries()) {
    assert.equal(isHeaders(part), i === 0, `${part} is out of place in ${JSON.stringify(parts)}`);
    const ends = part.endsWith(" end") || /[Tt]railers /.test(part);
    assert.ok(!ends || i === parts.length - 1, `there is more behind the end in ${JSON.stringify(parts)}`);
  }
}
