import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_ACCESS_LOG_FORMAT } from "../../../../src/http/format/default-format.ts";
import type { FormatContext } from "../../../../src/http/format/format-context.ts";
import { compileFormat } from "../../../../src/http/format/format-program.ts";
import { compileJsonFormat, JsonFormatter } from "../../../../src/http/format/json-format.ts";
import { escapeForLog } from "../../../../src/http/format/log-escape.ts";
import { SubstitutionFormatter } from "../../../../src/http/format/substitution-formatter.ts";
import { ResponseHeaderMap, TrailerMap } from "../../../../src/http/header-map.ts";
import { ResponseFlag } from "../../../../src/http/stream-info.ts";
import { makeFormatEnvironment, makeRequest, makeStreamInfo } from "../../../harness/stream-fixtures.ts";

function exampleContext(): FormatContext {
  const streamInfo = makeStreamInfo({ requestedServerName: "sni.test" });
  streamInfo.responseCode = 200;
  streamInfo.responseCodeDetails = "via upstream";
  streamInfo.bytesReceived = 5;
  streamInfo.bytesSent = 154;
  streamInfo.requestLastByteMs = 2;
  streamInfo.responseFirstByteMs = 9;
  streamInfo.responseLastByteMs = 11.9;
  streamInfo.completedMs = 12.7;
  streamInfo.routeName = "r";
  const upstream = streamInfo.ensureUpstream();
  upstream.hostAddress = "10.0.0.1:8080";
  upstream.localAddress = "10.0.0.9:5555";
  upstream.clusterName = "c";
  upstream.clusterRawName = "raw";
  upstream.attemptCount = 2;
  upstream.poolAskedAtMs = 1;
  upstream.firstByteSentAtMs = 3.25;
  upstream.hostMetadata = new Map([["ns", { host: "h" }]]);
  upstream.clusterMetadata = new Map([["ns", { cluster: { of: 5 } }]]);
  streamInfo.virtualHostMetadata = new Map([["ns", { v: true }]]);
  streamInfo.requestId = "id-1";
  upstream.lastByteSentAtMs = 4;
  upstream.firstByteReceivedAtMs = 8;
  const metadata = streamInfo.metadata("ns");
  metadata.text = "t";
  metadata.deep = { list: [1, null], n: 3 };
  return {
    requestHeaders: makeRequest({ path: "/p/q?a=1&b=x%0ay", authority: "www.example.com" }, [
      "user-agent",
      "curl/8",
      "x-request-id",
      "id-1",
      "x-a",
      "first",
      "x-a",
      "second",
    ]),
    responseHeaders: new ResponseHeaderMap(200, ["x-envoy-upstream-service-time", "10"]),
    responseTrailers: new TrailerMap(["t", "trailer"]),
    streamInfo,
    accessLogType: "DownstreamEnd",
  };
}

function format(text: string, context = exampleContext(), missing = "-"): string {
  const compiled = compileFormat(text);
  assert.deepEqual(compiled.problems, []);
  const style = { missing, sanitize: escapeForLog };
  return new SubstitutionFormatter(compiled.program!, style, makeFormatEnvironment()).format(context);
}

describe("SubstitutionFormatter", () => {
  const rows: { text: string; result: string }[] = [
    { text: "plain 100%%", result: "plain 100%" },
    { text: "%START_TIME%", result: "2016-04-15T20:17:00.310Z" },
    { text: "%START_TIME(%Y/%m/%dT%H:%M:%S%z %s)%", result: "2016/04/15T20:17:00+0000 1460751420" },
    { text: "%START_TIME(%s.%3f)%|%START_TIME(%f %6f %1f)%", result: "1460751420.310|310000000 310000 3" },
    {
      text: "%START_TIME(%a %b %e %j %y %p %I %F %T %E3S)%",
      result: "Fri Apr 15 106 16 PM 08 2016-04-15 20:17:00 00.310",
    },
    { text: "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%", result: "GET /p/q?a=1&b=x%0ay HTTP/1.1" },
    { text: "%REQ(X-A)% %REQUEST_HEADER(x-a):2%", result: "first fi" },
    { text: "%REQ(none)% %REQ(none?x-a)% %REQ(host)%", result: "- first www.example.com" },
    { text: "%RESP(:STATUS)% %RESPONSE_HEADER(X-Envoy-Upstream-Service-Time)% %TRAILER(T)%", result: "200 10 trailer" },
    { text: "%REQ_WITHOUT_QUERY(:PATH)% %PATH(NQ)% %PATH%", result: "/p/q /p/q /p/q?a=1&b=x%0ay" },
    { text: "%PATH(WQ:ORIG)% %PATH(NQ:PATH):2%", result: "- /p" },
    { text: "%QUERY_PARAM(a)% %QUERY_PARAM(b)% %QUERY_PARAM(c)%", result: "1 x\\x0ay -" },
    {
      text: "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%",
      result: "200 via_upstream via upstream",
    },
    { text: "%BYTES_RECEIVED% %BYTES_SENT% %DURATION%", result: "5 154 12" },
    { text: "%REQUEST_DURATION% %REQUEST_TX_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%", result: "2 4 8 3" },
    { text: "%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)% %COMMON_DURATION(DS_RX_BEG:US_CX_END)%", result: "3250 -" },
    { text: "%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%", result: "- -" },
    {
      text: "%UPSTREAM_HOST% %UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%",
      result: "10.0.0.1:8080 10.0.0.1 8080",
    },
    {
      text: "%UPSTREAM_LOCAL_ADDRESS% %UPSTREAM_CLUSTER% %UPSTREAM_REQUEST_ATTEMPT_COUNT%",
      result: "10.0.0.9:5555 c 2",
    },
    { text: "%UPSTREAM_TRANSPORT_FAILURE_REASON% %ROUTE_NAME% %VIRTUAL_CLUSTER_NAME%", result: "- r -" },
    {
      text: "%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%",
      result: "192.0.2.1:40000 192.0.2.1 40000",
    },
    { text: "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_PORT% %CONNECTION_ID%", result: "127.0.0.1:10000 10000 7" },
    {
      text: "%REQUESTED_SERVER_NAME% %HOSTNAME% %ENVIRONMENT(HOME)% %ENVIRONMENT(__proto__)%",
      result: "sni.test host-1 /home/me -",
    },
    {
      text: "%DYNAMIC_METADATA(ns:text)% %DYNAMIC_METADATA(ns:deep)% %DYNAMIC_METADATA(ns:deep:n)%",
      result: 't {"list":[1,null],"n":3} 3',
    },
    {
      text: '%DYNAMIC_METADATA(["ns", "text"])% %DYNAMIC_METADATA(ns:__proto__)% %METADATA(DYNAMIC:ns:text)%',
      result: "t - t",
    },
    {
      text: "%CLUSTER_METADATA(ns:cluster:of)% %UPSTREAM_METADATA(ns:host)% %METADATA(VIRTUAL_HOST:ns:v)%",
      result: "5 h true",
    },
    { text: "%METADATA(CLUSTER:ns)% %METADATA(UPSTREAM_HOST:ns:no)%", result: '{"cluster":{"of":5}} -' },
    { text: "%STREAM_ID% %TRACE_ID% %SPAN_ID%", result: "id-1 - -" },
    { text: "%UPSTREAM_CONNECTION_POOL_READY_DURATION%", result: "2" },
    { text: "%UPSTREAM_CLUSTER_RAW% %DOWNSTREAM_DIRECT_LOCAL_PORT%", result: "raw 10000" },
    { text: "%RESPONSE_TRAILERS_BYTES% %UPSTREAM_TLS_VERSION% %UPSTREAM_PEER_CERT_V_END%", result: "8 - -" },
    {
      text: "%REQUESTED_SERVER_NAME(SNI_ONLY)% %REQUESTED_SERVER_NAME(SNI_FIRST)% %REQUESTED_SERVER_NAME(HOST_FIRST)%",
      result: "sni.test sni.test www.example.com",
    },
    { text: "%REQUESTED_SERVER_NAME(HOST_FIRST:ORIG)%", result: "sni.test" },
    { text: '%COALESCE({"operators": ["ROUTE_NAME", "UPSTREAM_CLUSTER"]})%', result: "r" },
    {
      text: '%COALESCE({"operators": [{"command": "REQ", "param": "none"}, {"command": "REQ", "param": "x-a"}]}):3%',
      result: "fir",
    },
    {
      text: '%COALESCE({"operators": ["VIRTUAL_CLUSTER_NAME", {"command": "REQ", "param": "x-a", "max_length": 2}]})%',
      result: "fi",
    },
    { text: '%COALESCE({"operators": ["VIRTUAL_CLUSTER_NAME", "RESPONSE_FLAGS"]})%', result: "-" },
    {
      text: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(16)% %UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(0)%",
      result: "192.0.0.0/16 0.0.0.0/0",
    },
    {
      text: "%GRPC_STATUS% %ACCESS_LOG_TYPE% %UNIQUE_ID%",
      result: "- DownstreamEnd 11111111-2222-4333-8444-555555555555",
    },
    { text: "é", result: "\u00c3\u00a9" },
  ];
  for (const { text, result } of rows) it(text, () => assert.equal(format(text), result));

  it("writes Envoy's default line", () => {
    assert.equal(
      format(DEFAULT_ACCESS_LOG_FORMAT),
      '[2016-04-15T20:17:00.310Z] "GET /p/q?a=1&b=x%0ay HTTP/1.1" 200 - 5 154 12 10 "-" "curl/8" "id-1" "www.example.com" "10.0.0.1:8080"\n',
    );
  });

  it("writes flags in Envoy's order, joined by commas", () => {
    const context = exampleContext();
    context.streamInfo.setResponseFlag(ResponseFlag.DC);
    context.streamInfo.setResponseFlag(ResponseFlag.UF);
    assert.equal(
      format("%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%", context),
      "UF,DC UpstreamConnectionFailure,DownstreamConnectionTermination",
    );
  });

  it("writes local times in the time zone of the process", () => {
    const zone = process.env.TZ;
    process.env.TZ = "Asia/Kolkata";
    try {
      assert.equal(format("%START_TIME_LOCAL(%F %T %z %s)%"), "2016-04-16 01:47:00 +0530 1460751420");
      assert.equal(format("%START_TIME_LOCAL%"), "2016-04-16T01:47:00.310+0530");
      assert.equal(format("%EMIT_TIME_LOCAL(%z)% %EMIT_TIME(%z)%"), "+0530 +0000");
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it("cuts IPv6 addresses to a prefix", () => {
    const context = exampleContext();
    context.streamInfo.downstreamRemoteIp = "2001:db8:1:2::1";
    assert.equal(format("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(48)%", context), "2001:db8:1::/48");
  });

  it("writes the address that x-forwarded-for gave with port 0", () => {
    const context = exampleContext();
    context.streamInfo.downstreamRemoteIp = "2001:db8::1";
    assert.equal(
      format("%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", context),
      "[2001:db8::1]:0 2001:db8::1",
    );
    assert.equal(format("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", context), "192.0.2.1:40000");
  });

  it("reads the status of gRPC from trailers, then headers, and else takes what the HTTP status stands for", () => {
    const context = { ...exampleContext(), requestHeaders: makeRequest({}, ["content-type", "application/grpc"]) };
    const inHeaders = { ...context, responseHeaders: new ResponseHeaderMap(200, ["grpc-status", "14"]) };
    const inTrailers = { ...inHeaders, responseTrailers: new TrailerMap(["grpc-status", "4"]) };
    const text = "%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%";
    assert.equal(format(text, context), "Unknown UNKNOWN 2");
    context.streamInfo.responseCode = 404;
    assert.equal(format(text, context), "Unimplemented UNIMPLEMENTED 12");
    context.streamInfo.responseCode = 0;
    assert.equal(format(text, context), "- - -");
    assert.equal(format(text, inHeaders), "Unavailable UNAVAILABLE 14");
    assert.equal(format(text, inTrailers), "DeadlineExceeded DEADLINE_EXCEEDED 4");
  });

  it("writes what a connection without a request has", () => {
    const context = { ...exampleContext(), requestHeaders: null, responseHeaders: null, responseTrailers: null };
    assert.equal(format("%REQ(a)% %RESP(a)% %TRAILER(a)% %PATH% %QUERY_PARAM(a)%", context), "- - - - -");
  });

  it("escapes what would break the line", () => {
    const context = exampleContext();
    context.streamInfo.metadata("ns").text = 'a\r\nb\t\u0000\u007f"\u010ac';
    assert.equal(format("%DYNAMIC_METADATA(ns:text)%", context), 'a\\x0d\\x0ab\\x09\\x00\\x7f"\u00c4\u008ac');
  });

  it("writes nothing for what is missing, if told so", () => {
    assert.equal(format("[%REQ(none)%]", exampleContext(), ""), "[]");
  });
});

describe("compileFormat", () => {
  const rows: { text: string; problem: RegExp; unsupported?: boolean }[] = [
    { text: "%", problem: /column 1/ },
    { text: "abc %lower%", problem: /column 5/ },
    { text: "%NOPE%", problem: /%NOPE% is no command operator/ },
    { text: "%__proto__%", problem: /column 1/ },
    { text: "%REQ%", problem: /needs an argument/ },
    { text: "%REQ()%", problem: /needs an argument/ },
    { text: "%REQ(a?b?c)%", problem: /at most one alternative/ },
    { text: "%REQ(a b)%", problem: /not a header name/ },
    { text: "%REQ(a\nb)%", problem: /not a header name/ },
    { text: "%REQ(a):x%", problem: /not closed/ },
    { text: "%PROTOCOL(x)%", problem: /takes no argument/ },
    { text: "%PROTOCOL:5%", problem: /takes no length/ },
    { text: "%START_TIME(%Q)%", problem: /"%Q" is no time conversion/ },
    { text: "%GRPC_STATUS(X)%", problem: /CAMEL_STRING/ },
    { text: "%COMMON_DURATION(A:B)%", problem: /unknown or unsupported time point "A"/ },
    { text: "%METADATA(LISTENER:x)%", problem: /unsupported source "LISTENER"/ },
    { text: "%CEL(request.path)%", problem: /%CEL% is not supported yet/, unsupported: true },
    { text: "%TYPED_CEL(1)%", problem: /not supported yet/, unsupported: true },
    { text: "%COALESCE({})%", problem: /with at least one operator/ },
    { text: "%COALESCE(x)%", problem: /with at least one operator/ },
    { text: '%COALESCE({"operators": ["NOPE"]})%', problem: /unknown or unsupported operator NOPE/ },
    { text: '%COALESCE({"operators": ["REQ"]})%', problem: /REQ needs a param/ },
    { text: '%COALESCE({"operators": [{"command": "REQ", "param": "a b"}]})%', problem: /not a header name/ },
    {
      text: '%COALESCE({"operators": [{"command": "REQ", "param": "a", "max_length": "x"}]})%',
      problem: /no whole number/,
    },
    { text: "%REQUESTED_SERVER_NAME(X)%", problem: /SNI_ONLY, SNI_FIRST or HOST_FIRST/ },
    { text: "%REQUESTED_SERVER_NAME(SNI_FIRST:X)%", problem: /ORIG, HOST or ORIG_OR_HOST/ },
    { text: "%UPSTREAM_FILTER_STATE(x)%", problem: /not supported yet/, unsupported: true },
    { text: "%BYTES_RETRANSMITTED%", problem: /not supported yet/, unsupported: true },
    { text: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(x)%", problem: /length of a prefix/ },
    { text: "%DOWNSTREAM_HANDSHAKE_DURATION%", problem: /not supported yet/, unsupported: true },
  ];
  for (const { text, problem, unsupported = false } of rows) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const { problems } = compileFormat(text);
      assert.equal(problems.length, 1);
      assert.match(problems[0]!.message, problem);
      assert.equal(problems[0]!.unsupported, unsupported);
    });
  }

  it("reports all problems of a text", () => {
    assert.equal(compileFormat("%A% %PROTOCOL% %B%").problems.length, 2);
  });
});

describe("JsonFormatter", () => {
  function formatJson(json: unknown, omitEmptyValues = false, context = exampleContext()): string {
    const problems: string[] = [];
    const program = compileJsonFormat(json, (path, problem) => problems.push(`${path.join(".")}: ${problem.message}`));
    assert.deepEqual(problems, []);
    return new JsonFormatter(program, omitEmptyValues, makeFormatEnvironment()).format(context);
  }

  const json = {
    code: "%RESPONSE_CODE%",
    text: "code %RESPONSE_CODE% %REQ(none)%",
    missing: "%REQ(none)%",
    meta: "%DYNAMIC_METADATA(ns:deep)%",
    nested: { list: ["%PROTOCOL%", "x", 5, true, null], 'a"b': "%REQ(user-agent)%" },
  };

  it("keeps the type of a string that is one operator", () => {
    assert.equal(
      formatJson(json),
      '{"code":200,"text":"code 200 -","missing":null,"meta":{"list":[1,null],"n":3},' +
        '"nested":{"list":["HTTP/1.1","x",5,true,null],"a\\"b":"curl/8"}}\n',
    );
  });

  it("says - where no flag is set, also if told to leave out what is missing", () => {
    const flags = { short: "%RESPONSE_FLAGS%", long: "%RESPONSE_FLAGS_LONG%" };
    for (const omit of [false, true]) assert.equal(formatJson(flags, omit), '{"short":"-","long":"-"}\n');
  });

  it("leaves out what is missing, if told so", () => {
    const parsed: unknown = JSON.parse(
      formatJson({ text: json.text, missing: json.missing, n: { m: json.missing } }, true),
    );
    assert.deepEqual(parsed, { text: "code 200 ", n: {} });
  });

  it("writes valid JSON whatever bytes came", () => {
    const context = {
      ...exampleContext(),
      requestHeaders: makeRequest({}, ["user-agent", '"\\\u0000\u00c3\u00a9\u00ff']),
    };
    const bytes = Buffer.from(
      formatJson({ a: "%REQ(user-agent)%", b: "<%REQ(user-agent)%>" }, false, context),
      "latin1",
    );
    assert.deepEqual(JSON.parse(bytes.toString("utf8")), { a: '"\\\u0000é\ufffd', b: '<"\\\u0000é\ufffd>' });
  });

  it("names where a problem is", () => {
    const problems: string[] = [];
    compileJsonFormat({ a: { b: ["%X%"] } }, (path, problem) => problems.push(`${path.join(".")}: ${problem.message}`));
    assert.deepEqual(problems, ["a.b.0: %X% is no command operator"]);
  });
});
