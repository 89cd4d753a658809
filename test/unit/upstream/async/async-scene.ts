import assert from "node:assert/strict";
import { RequestHeaderMap } from "../../../../src/http/header-map.ts";
import { AsyncClient } from "../../../../src/upstream/async/async-client.ts";
import type { AsyncCall, AsyncFailure } from "../../../../src/upstream/async/async-failure.ts";
import type { AsyncRequest, AsyncResponse } from "../../../../src/upstream/async/async-request.ts";
import { fixedRandom } from "../../../harness/stream-fixtures.ts";
import { WorkerFixture } from "../pool/pool-fixture.ts";

/** What became of a request: `200 body`, or `reason: details`. */
export interface Asked {
  readonly call: AsyncCall;
  readonly outcome: Promise<string>;
  /** All calls so far. */
  readonly calls: string[];
  response: AsyncResponse | null;
  failure: AsyncFailure | null;
}

/** A worker's clusters and its async client, on a clock that the test moves. */
export class AsyncScene {
  readonly worker = new WorkerFixture();
  readonly client = new AsyncClient(this.worker.manager, { timers: this.worker.clock.timers, random: fixedRandom });

  ask(request: Partial<AsyncRequest> & { readonly method?: string } = {}, cluster = "one"): Asked {
    const headers = new RequestHeaderMap();
    headers.method = request.method ?? "GET";
    headers.scheme = "http";
    headers.path = "/asked";
    headers.authority = "service.test";
    const { promise, resolve } = Promise.withResolvers<string>();
    const calls: string[] = [];
    const say = (outcome: string): void => {
      calls.push(outcome);
      resolve(outcome);
    };
    const asked = { outcome: promise, calls, response: null, failure: null } as unknown as {
      -readonly [Key in keyof Asked]: Asked[Key];
    };
    const whole = { headers, body: null, timeoutMs: 0, maxResponseBytes: 1024, retry: null, ...request };
    asked.call = this.client.send(cluster, whole, {
      onResponse: (response) => {
        asked.response = response;
        say(`${response.headers.status} ${response.body.toString()}`);
      },
      onFailure: (failure) => {
        asked.failure = failure;
        say(`${failure.reason}: ${failure.details}`);
      },
    });
    return asked;
  }

  /** Closes everything and checks that nothing is left. */
  end(): void {
    assert.equal(this.client.activeCount, 0, "nothing is under way");
    this.client.close();
    this.worker.close();
    assert.equal(this.worker.clock.timers.armedCount, 0, "no timer is left");
    assert.deepEqual(this.worker.cells.counts("one"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.equal(this.worker.stat("upstream_rq_active"), 0);
  }
}
