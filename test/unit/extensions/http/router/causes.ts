import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import type { ClientRequest, ClientResponse, Http1Client } from "../../../../harness/http1-client.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

/** What a cause can act on, once its request is on its way. */
export interface Scene {
  readonly proxied: Proxied;
  readonly client: Http1Client;
  readonly clock: FakeClock;
  readonly response: Promise<ClientResponse>;
}
export type Cause = (scene: Scene) => void | Promise<void>;

/** A cause, and all that it must come to. */
export interface CauseRow extends Omit<ProxiedOptions, "port"> {
  readonly cause: string;
  /** Another upstream than the one of the script. */
  readonly upstreamPort?: (test: TestContext) => Promise<number>;
  /** Fields of the route's action beside its cluster. */
  readonly action?: object;
  readonly request?: ClientRequest;
  /** The request as bytes. */
  readonly bytes?: string;
  readonly meanwhile?: Cause;
  /** What is logged; a number is what the client gets too, `cut` that its connection ends without a whole response. */
  readonly status: number | { readonly cut: number };
  readonly flags: string;
  readonly details: string | RegExp;
  /** Of the answer. */
  readonly body?: string | RegExp;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Counters and gauges afterwards. `C` stands for `cluster.app.upstream_`, `H` for `http.ingress.`. */
  readonly counted: Readonly<Record<string, number>>;
}

/** The body of an answer to a request whose only attempt was reset. */
export const RESET_BODY = "upstream connect error or disconnect/reset before headers. reset reason: ";
/** The same if it was not the only one. */
export const RETRIED_BODY =
  "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: ";
/** A policy of one retry. */
export const RETRY_ONCE = { retry_on: "5xx", retry_back_off: { base_interval: "0.01s" } };
/** A connection manager that trusts the tests' client. */
export const LOCAL_IS_INTERNAL = {
  use_remote_address: true,
  internal_address_config: { cidr_ranges: [{ address_prefix: "127.0.0.1", prefix_len: 32 }] },
};

/** Time goes on in small steps until the answer is there: for waits between attempts. */
export const asNeeded: Cause = async ({ proxied, clock }) => {
  await until("the end of the request", () => {
    if (proxied.stat("cluster.app.upstream_rq_active") === 0) clock.advance(10);
    return proxied.path.logged.length > 0;
  });
};

/** Tests of a table, a row each. */
export function checkCauses(title: string, rows: readonly CauseRow[]): void {
  describe(`Router, cause and answer: ${title}`, () => {
    for (const row of rows) it(row.cause, (test) => check(test, row));
  });
}

function statName(short: string): string {
  return short.replace(/^C /, "cluster.app.upstream_").replace(/^H /, "http.ingress.");
}

async function check(test: TestContext, row: CauseRow): Promise<void> {
  const clock = new FakeClock();
  const port = await row.upstreamPort?.(test);
  const options: ProxiedOptions = {
    routes: [{ match: { prefix: "/" }, route: { cluster: "app", ...row.action } }],
    ...row,
    ...(port !== undefined && { port }),
    clock,
  };
  const proxied = await Proxied.start(test, options);
  const client = await proxied.client();
  const response = row.bytes === undefined ? client.request(row.request) : client.send("POST", row.bytes);
  await row.meanwhile?.({ proxied, client, clock, response });
  const logged = await proxied.logged();
  if (typeof row.status === "number") {
    const { status, body, header } = await response;
    assert.equal(status, row.status);
    if (typeof row.body === "string") assert.equal(body, row.body);
    else if (row.body !== undefined) assert.match(body, row.body);
    for (const [name, value] of Object.entries(row.headers ?? {})) assert.equal(header(name), value, name);
  } else {
    await assert.rejects(response);
  }
  const { details } = row;
  assert.equal(logged.status, typeof row.status === "number" ? row.status : row.status.cut);
  assert.equal(logged.flags, row.flags);
  if (typeof details === "string") assert.equal(logged.details, details);
  else assert.match(logged.details, details);
  const counted = Object.keys(row.counted).map((name) => [name, proxied.stat(statName(name))]);
  assert.deepEqual(Object.fromEntries(counted), row.counted);
  assert.equal(proxied.stat("http.ingress.downstream_rq_active"), 0);
  assert.equal(proxied.path.logged.length, 1);
}
