import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { after, before, describe, it } from "node:test";
import { adminRequest } from "../harness/admin-request.ts";
import { ADMIN_HANDLERS, everyPage, pathsOf } from "../harness/every-page.ts";
import { FakeUpstream } from "../harness/fake-upstream.ts";
import { MarkedSecrets } from "../harness/marked-secrets.ts";
import { secretBootstrap } from "../harness/secret-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { PATIENCE_MS, until } from "../harness/until.ts";

const secrets = new MarkedSecrets();
const ADMIN_TOKEN = secrets.text("admin token");
const UPSTREAM_COOKIE = secrets.text("cookie of the upstream");
const UPSTREAM_BODY = secrets.text("body of the upstream");

/** What requests bring, each with secrets of its own. */
function credentials(name: string): Record<string, string> {
  return {
    authorization: `Bearer ${secrets.text(`${name} authorization`)}`,
    "proxy-authorization": `Basic ${secrets.text(`${name} proxy-authorization`)}`,
    cookie: `session=${secrets.text(`${name} cookie`)}`,
    "x-api-key": secrets.text(`${name} api key`),
    "x-forwarded-client-cert": `By=x;Hash=${secrets.text(`${name} certificate`)}`,
  };
}

/** A path with a secret in its query. */
const pathOf = (name: string, path: string): string => `${path}?access_token=${secrets.text(`${name} query`)}`;

describe("Secrets", () => {
  let upstream: FakeUpstream;
  let authorization: FakeUpstream;
  let proxy: RunningProxy;
  let config: object;
  const agent = new http.Agent({ keepAlive: true });
  let session: http2.ClientHttp2Session;

  before(async () => {
    upstream = await FakeUpstream.start(async (exchange) => {
      await exchange.request();
      if (exchange.target.startsWith("/held")) {
        exchange.write(
          `HTTP/1.1 200 OK\r\nset-cookie: id=${UPSTREAM_COOKIE}\r\ncontent-length: 1000\r\n\r\n${UPSTREAM_BODY}`,
        );
      } else if (exchange.target.startsWith("/reset")) exchange.reset();
      else exchange.respond({ status: exchange.target.startsWith("/fail") ? 503 : 200 });
    });
    authorization = await FakeUpstream.start(async (exchange) => {
      await exchange.request();
      exchange.respond({});
    });
    const made = secretBootstrap(secrets, { upstream: upstream.port, authorization: authorization.port });
    config = made.config;
    proxy = await startProxy({
      config,
      adminToken: ADMIN_TOKEN,
      readyTimeoutMs: 30_000,
      args: ["--config-yaml", JSON.stringify(made.more), "--log-level", "trace"],
    });
    session = http2.connect(`https://127.0.0.1:${proxy.port("tls")}`, { rejectUnauthorized: false });
    session.on("error", () => {});
    await startTraffic(made.apiKey);
  });
  after(async () => {
    agent.destroy();
    session?.destroy();
    await proxy?.kill();
    await Promise.all([upstream, authorization].map((service) => service?.close()));
  });

  const ask = (path: string, headers: Record<string, string>) =>
    adminRequest({ port: proxy.port("plain"), path, headers, deadlineMs: PATIENCE_MS });

  async function startTraffic(apiKey: string): Promise<void> {
    const held = http.get({
      agent,
      port: proxy.port("plain"),
      path: pathOf("held", "/held"),
      headers: credentials("held"),
    });
    held.on("error", () => {});
    await once(held, "response");
    const stream = session.request({ ":path": pathOf("HTTP/2", "/held"), ...credentials("HTTP/2") });
    stream.on("error", () => {});
    await once(stream, "response");
    for (const path of ["/fail", "/reset"]) {
      assert.equal((await ask(pathOf(path, path), credentials(path))).status, 503);
    }
    assert.equal((await ask(pathOf("keyed", "/keyed"), { ...credentials("keyed"), "x-api-key": apiKey })).status, 200);
    // What is searched for has been under way.
    const under = secrets.foundIn(`${upstream.received}${authorization.received}`);
    for (const name of ["held cookie", "HTTP/2 query", "keyed authorization", "added api key", "health check"]) {
      assert.ok(under.includes(name), `${name} in ${under.join(", ")}`);
    }
    assert.ok(under.includes("authorization of the proxy"));
    assert.ok(secrets.foundIn(JSON.stringify(config)).includes("encrypted client key"));
  }

  /** All that the answer holds, its headers too; of the stream of samples, the first ones. */
  async function shown(target: string, method = "GET", body = "", tries = 3): Promise<string> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-length": Buffer.byteLength(body) };
    const signal = AbortSignal.timeout(20_000);
    const sent = http.request({ port: proxy.adminPort, path: target, method, headers, agent: false, signal });
    sent.on("error", () => {});
    sent.end(body);
    const [response] = (await once(sent, "response")) as [http.IncomingMessage];
    let text = `${response.statusCode} ${JSON.stringify(response.headers)}\n`;
    response.on("data", (piece: Buffer) => {
      text += piece.toString("latin1");
      // The stream of samples has no end.
      if (target === "/events" && text.split("event: sample").length > 2) sent.destroy();
    });
    response.on("error", () => {});
    await new Promise((resolve) => response.once("close", resolve));
    // A machine with more to do may not answer in time.
    return response.statusCode === 504 && tries > 1 ? shown(target, method, body, tries - 1) : text;
  }

  async function expectNone(target: string, method = "GET", body = ""): Promise<string> {
    const text = await shown(target, method, body);
    const lines = text.split("\n").filter((line) => secrets.foundIn(line).length > 0);
    assert.deepEqual(secrets.foundIn(text), [], `${method} ${target}: ${lines.slice(0, 3).join("\n")}`);
    return text;
  }

  async function actorIds(): Promise<string[]> {
    const { actors } = JSON.parse((await proxy.admin("/actors?format=json&sort=id")).body);
    return actors.map(({ id }: { readonly id: string }) => id);
  }

  /** Asks all pages, in all their forms. Answers what came, by target. */
  async function allPages(): Promise<Map<string, string>> {
    const answers = new Map<string, string>();
    for (const { target } of everyPage(await actorIds())) answers.set(target, await expectNone(target));
    return answers;
  }

  it("are on no page, in no format, while they are under way", async () => {
    const answers = await allPages();
    // The pages did show what there is.
    assert.match(answers.get("/config_dump")!, /\[redacted\]/);
    assert.equal(JSON.parse(bodyOf(answers.get("/streams?format=json")!)).streams.length, 2);
    assert.equal(JSON.parse(bodyOf(answers.get("/explain/last?format=json")!)).failures.length, 2);
    assert.match(answers.get("/actors/supervisor/worker-1?format=json")!, /"snapshotVersion"/);
    assert.match(answers.get("/events")!, /event: sample/);
    assert.ok(answers.size > 100, `${answers.size} pages`);
  });

  const explained = () => ({
    url: "http://a.test/query?access_token=wrong",
    headers: { ...credentials("explained"), "x-api-key": "wrong" },
  });
  const whole = (): string => JSON.stringify(config);
  /** How each command is told, so that there is something to see. */
  const commands: Readonly<Record<string, readonly (string | readonly [query: string, body: string])[]>> = {
    "/actors/*/trace": ["?seconds=1&max=100"],
    "/actors/*/stack": ["", "?format=json"],
    "/actors/*/cpuprofile": ["?seconds=1"],
    "/actors/*/heapprofile": ["?seconds=1"],
    "/actors/*/heapsnapshot": [""],
    "/config/dry_run": ["", "?format=json"],
    "/config/reload": ["", "?format=json"],
    "/logging": ["", "?level=trace"],
    "/reopen_logs": [""],
    "/reset_counters": [""],
    "/healthcheck/fail": [""],
    "/healthcheck/ok": [""],
    "/runtime_modify": ["?a=b", "?a="],
    "/workers": ["?count=1"],
    "/actors/*/block": ["?ms=500"],
    "/actors/*/crash": [""],
    "/drain_listeners": [""],
    "/quitquitquit": [""],
  };
  /** They need a body, or an id. */
  const others = ["/explain", "/connections/*/close"];
  /** They end something; what is told before them is not to be disturbed. */
  const last = ["/actors/*/block", "/actors/*/crash", "/drain_listeners", "/quitquitquit"];

  it("are all looked for: this test knows every command", () => {
    const names = ADMIN_HANDLERS.filter(({ access }) => access !== "read").map(({ path }) => path);
    assert.deepEqual(names.toSorted(), [...Object.keys(commands), ...others].toSorted());
  });

  async function tell(pattern: string, paths?: readonly string[]): Promise<void> {
    for (const path of paths ?? pathsOf(pattern, await actorIds())) {
      for (const query of commands[pattern]!) await expectNone(path + query, "POST");
    }
  }

  it("are in the answer to no command", async () => {
    const someActors = ["supervisor/worker-1", "admin"];
    for (const pattern of Object.keys(commands)) {
      if (last.includes(pattern)) continue;
      await tell(pattern, pattern.includes("*") ? someActors.map((id) => pattern.replace("*", id)) : undefined);
    }
    assert.match(await shown("/actors/admin/heapsnapshot", "POST"), /^403 /);
  });

  it("are in no explanation, of what is in force or of what is proposed, but what was asked", async () => {
    for (const listener of ["plain", "tls"]) {
      for (const path of ["/query?access_token=wrong", "/keyed", "/"]) {
        for (const more of [{}, { config: whole() }]) {
          const body = JSON.stringify({ ...explained(), listener, path, ...more });
          for (const query of ["", "?format=json"]) await expectNone(`/explain${query}`, "POST", body);
        }
      }
    }
  });

  it("are in no message about a configuration that is refused for them", async () => {
    const wrong = [...wrongConfigs(whole()), ...wrongYaml()];
    assert.equal(wrong.length, 21);
    for (const text of wrong) {
      for (const query of ["", "?format=json"]) {
        const answer = await expectNone(`/config/dry_run${query}`, "POST", text);
        assert.match(answer, /^400 /, text.slice(0, 300));
      }
      const body = JSON.stringify({ ...explained(), config: text });
      assert.match(await expectNone("/explain", "POST", body), /^400 /);
      proxy.writeConfig(text);
      assert.match(await expectNone("/config/reload", "POST"), /^400 /);
      for (const page of ["/config_status", "/config_status?format=json", "/actors/supervisor/history"]) {
        await expectNone(page);
      }
    }
    await allPages();
  });

  it("are not in the log at its finest level, nor in lines of requests but for the query", async () => {
    await until("lines of requests", () => proxy.logs.includes("/fail"));
    const found = secrets.foundIn(proxy.logs).filter((name) => !name.endsWith(" query"));
    assert.deepEqual(found, []);
  });

  it("are in nothing that is told of a worker that hangs or has crashed, and of connections that were cut", async () => {
    const { connections } = JSON.parse((await proxy.admin("/connections?format=json")).body);
    await expectNone(`/connections/${connections[0].id}/close`, "POST");
    await tell("/actors/*/block", ["/actors/supervisor/worker-1/block"]);
    await expectNone("/actors/supervisor/worker-1/stack", "POST");
    await tell("/actors/*/crash", ["/actors/supervisor/worker-1/crash"]);
    await allPages();
    await tell("/drain_listeners");
    await tell("/quitquitquit");
    const found = secrets.foundIn(proxy.logs).filter((name) => !name.endsWith(" query"));
    assert.deepEqual(found, []);
  });
});

function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf("\n") + 1);
}

/** The configuration with a fault in, or right beside, each kind of secret. */
function wrongConfigs(text: string): string[] {
  const faults: readonly (readonly [pattern: RegExp, replacement: (...groups: string[]) => string])[] = [
    // Of the wrong type.
    [/"private_key":\{"inline_string":("[^"]*")\}/, (_, key) => `"private_key":${key}`],
    [/"password":\{"inline_string":("[^"]*")\}/, (_, password) => `"password":[${password}]`],
    [/"inline_bytes":("[^"]*")/, (_, bytes) => `"inline_bytes":{"a":${bytes}}`],
    [/"key":"authorization","value":("[^"]*")/, (_, value) => `"key":"authorization","value":{"a":${value}}`],
    // With a secret as the name of a field.
    [/"password":\{"inline_string":("[^"]*")\}/, (_, password) => `"password":{${password}:1}`],
    // Not what it should be.
    [/"private_key":\{"inline_string":"[^"]*"\}/, () => `"private_key":{"inline_string":"${secrets.text("no PEM")}"}`],
    [
      /"password":\{"inline_string":"([^"]*)"\}/,
      () => `"password":{"inline_string":"${secrets.text("wrong password")}"}`,
    ],
    [/"password":\{"inline_string":"([^"]*)"\}/, (_, it) => `"password":{"inline_bytes":"${it}!"}`],
    [/"inline_bytes":"[^"]*"/, () => `"inline_bytes":"${secrets.bytes("short ticket key", 40).toString("base64")}"`],
    [/"local_jwks":\{"inline_string":"/, () => `"local_jwks":{"inline_string":"${secrets.text("no JWKS")}`],
    [/("key":"authorization","value":"[^"]*)"/, (_, it) => `${it}\\r\\nx"`],
    // Where nothing can be read.
    [/("password":\{"inline_string":"[^"]*)"/, (_, it) => it!],
    [/("key":"authorization","value":"[^"]*")/, (_, it) => `${it} "x"`],
  ];
  return faults.map(([pattern, replacement]) => {
    const changed = text.replace(pattern, replacement as (match: string, ...groups: string[]) => string);
    assert.notEqual(changed, text, String(pattern));
    return changed;
  });
}

/** Texts that can't be read, or are not what they seem to be, because of how a secret is written. */
function wrongYaml(): string[] {
  const of = (value: string): string =>
    `static_resources:\n  secrets:\n  - name: a\n    tls_certificate:\n      password:\n        inline_string: ${value}\n`;
  const secret = secrets.text("secret in YAML");
  return [
    of(`*${secret}`),
    of(`!${secret} x`),
    of(`&${secret}`),
    of(`"${secret}`),
    of(`${secret}: 1`),
    of(`{${secret}}`),
    of(`[${secret}`),
    of(`%${secret}`),
  ];
}
