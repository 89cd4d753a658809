import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type LocalReply,
} from "../../../../src/http/filter.ts";
import { ResponseHeaderMap } from "../../../../src/http/header-map.ts";
import { FilterStage } from "../../../harness/filter-stage.ts";
import { type FilterScript, ScriptedFilter } from "../../../harness/scripted-filter.ts";
import { bytes, stageOf } from "./scripted-stage.ts";

const H = FilterHeadersStatus;
const D = FilterDataStatus;
const T = FilterTrailersStatus;
const TEAPOT: LocalReply = { status: 418, body: "short and stout", details: "teapot" };

const holdAll: FilterScript = {
  encodeHeaders: () => H.stopIteration,
  encodeData: () => D.stopIterationAndBuffer,
  encodeTrailers: () => T.stopIteration,
};

describe("FilterManager: the direction of the response", () => {
  it("passes headers, data and trailers through the filters in reverse order", () => {
    const { stage } = stageOf([{}, {}]);
    stage.respond();
    stage.respondData("x");
    stage.respondTrailers();
    assert.deepEqual(stage.log, [
      "b encodeHeaders 200",
      "a encodeHeaders 200",
      "out 200",
      'b encodeData "x"',
      'a encodeData "x"',
      'out "x"',
      "b encodeTrailers t=1",
      "a encodeTrailers t=1",
      "out trailers t=1",
      "a destroy",
      "b destroy",
    ]);
  });

  it("sends nothing out until the filter that stopped continues", () => {
    const { stage, b } = stageOf([{}, holdAll]);
    stage.respond();
    stage.respondData("1");
    stage.respondData("2", true);
    assert.ok(!stage.take().some((entry) => entry.startsWith("out") || entry.startsWith("a ")));
    b.encoder.continueEncoding();
    assert.deepEqual(stage.log.slice(0, 4), [
      "a encodeHeaders 200",
      "out 200",
      'a encodeData "12" end',
      'out "12" end',
    ]);
  });

  it("keeps everything from the filter that stopped all, and starts with it again", () => {
    const { stage, b } = stageOf([{}, { encodeHeaders: () => H.stopAllIterationAndBuffer }]);
    stage.respond();
    stage.respondData("1");
    stage.respondTrailers();
    assert.deepEqual(stage.take(), ["b encodeHeaders 200"]);
    b.encoder.continueEncoding();
    assert.deepEqual(stage.log.slice(0, 8), [
      "a encodeHeaders 200",
      "out 200",
      'b encodeData "1"',
      'a encodeData "1"',
      'out "1"',
      "b encodeTrailers t=1",
      "a encodeTrailers t=1",
      "out trailers t=1",
    ]);
  });

  it("gives a body to a headers-only response", () => {
    const script: FilterScript = {
      encodeHeaders: (filter) => {
        filter.encoder.addEncodedData(bytes("added"));
        return H.continue;
      },
    };
    const { stage } = stageOf([{}, script]);
    stage.respond(200, true);
    assert.deepEqual(stage.log.slice(0, 5), [
      "b encodeHeaders 200 end",
      "a encodeHeaders 200",
      "out 200",
      'a encodeData "added" end',
      'out "added" end',
    ]);
  });

  it("injects data and puts trailers behind the last", () => {
    const script: FilterScript = {
      encodeData: (filter, data, endStream) => {
        filter.encoder.injectEncodedData(bytes(`<${data.bytes.toString()}>`), false);
        if (endStream) filter.encoder.injectEncodedData(bytes("."), true);
        return D.stopIterationNoBuffer;
      },
    };
    const trailers: FilterScript = {
      encodeData: (filter, _data, endStream) => {
        if (endStream) filter.encoder.addEncodedTrailers().add("n", "2");
        return D.continue;
      },
    };
    const { stage } = stageOf([trailers, script]);
    stage.respond();
    stage.respondData("1");
    stage.respondData("2", true);
    assert.equal(stage.body, "<1><2>.");
    assert.ok(stage.log.includes("out trailers n=2"));
  });

  it("slows the terminal filter down while a filter holds more than the limit and watermarks", () => {
    const script: FilterScript = {
      encodeHeaders: () => H.stopIteration,
      encodeData: () => D.stopIterationAndWatermark,
    };
    const { stage, a, b } = stageOf([script, {}], 4);
    const marks: string[] = [];
    b.decoder.setDownstreamWatermarkCallbacks({
      onAboveWriteBufferHighWatermark: () => marks.push("above"),
      onBelowWriteBufferLowWatermark: () => marks.push("below"),
    });
    stage.respond();
    stage.respondData("12345");
    assert.deepEqual(marks, ["above"]);
    a.encoder.continueEncoding();
    assert.deepEqual(marks, ["above", "below"]);
    assert.equal(stage.body, "12345");
  });

  it("tells a terminal filter that comes late that the peer is slow already", () => {
    const { stage, a } = stageOf([{}]);
    stage.manager.onDownstreamAboveHighWatermark();
    let above = 0;
    a.decoder.setDownstreamWatermarkCallbacks({
      onAboveWriteBufferHighWatermark: () => above++,
      onBelowWriteBufferLowWatermark: () => above--,
    });
    assert.equal(above, 1);
    stage.manager.onDownstreamBelowLowWatermark();
    assert.equal(above, 0);
  });

  it("answers 500 when a buffering filter holds more of a response than the limit", () => {
    const { stage } = stageOf([{}, holdAll], 4);
    stage.respond();
    stage.respondData("12345");
    assert.equal(stage.response?.status, 500);
    assert.equal(stage.streamInfo.responseCodeDetails, "response_payload_too_large");
    assert.equal(stage.tooLarge, "response");
    assert.ok(!stage.log.includes("a encodeHeaders 200"));
  });

  it("resets when the response that became too large had begun", () => {
    const { stage } = stageOf([{}, { encodeData: () => D.stopIterationAndBuffer }], 4);
    stage.respond();
    stage.respondData("12345");
    assert.equal(stage.wasReset, true);
  });

  it("passes 1xx responses in reverse order, and none once the final response has begun", () => {
    const { stage } = stageOf([{}, {}]);
    stage.manager.encode1xxHeaders(new ResponseHeaderMap(103));
    assert.deepEqual(stage.take(), ["b encode1xxHeaders 103", "a encode1xxHeaders 103", "out 1xx 103"]);
    stage.respond();
    stage.take();
    stage.manager.encode1xxHeaders(new ResponseHeaderMap(103));
    assert.deepEqual(stage.log, []);
  });
});

describe("FilterManager: local replies", () => {
  it("passes a reply of a decoder filter through all encoder filters, and calls no further decoder filter", () => {
    const script: FilterScript = {
      decodeHeaders: (filter) => {
        filter.decoder.sendLocalReply(TEAPOT);
        return H.stopIteration;
      },
    };
    const { stage, a } = stageOf([script, {}]);
    stage.decodeHeaders();
    stage.decodeData("late", true);
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, [
      "a decodeHeaders",
      "b encodeHeaders 418",
      "a encodeHeaders 418",
      "out 418",
      'b encodeData "short and stout" end',
      'a encodeData "short and stout" end',
      'out "short and stout" end',
      "a destroy",
      "b destroy",
    ]);
    assert.equal(stage.streamInfo.responseCodeDetails, "teapot");
    assert.equal(stage.streamInfo.localReplyBody, "short and stout");
  });

  it("ignores a status that says continue after a reply", () => {
    const script: FilterScript = {
      decodeData: (filter) => {
        filter.decoder.sendLocalReply(TEAPOT);
        return D.continue;
      },
    };
    const { stage } = stageOf([script, {}]);
    stage.decodeHeaders();
    stage.decodeData("x");
    assert.ok(!stage.log.includes('b decodeData "x"'));
  });

  it("replaces a response that an encoder filter will not have, past the filters", () => {
    const script: FilterScript = {
      encodeHeaders: (filter) => {
        filter.encoder.sendLocalReply(TEAPOT);
        return H.stopIteration;
      },
    };
    const { stage } = stageOf([{}, script]);
    stage.respond();
    stage.respondData("never", true);
    assert.deepEqual(stage.log, [
      "b encodeHeaders 200",
      "out 418",
      'out "short and stout" end',
      "a destroy",
      "b destroy",
    ]);
  });

  it("replaces a local reply that an encoder filter will not have", () => {
    let replies = 0;
    const script: FilterScript = {
      encodeHeaders: (filter) => {
        replies++;
        filter.encoder.sendLocalReply({ status: 500, body: "", details: "second" });
        return H.stopIteration;
      },
    };
    const { stage, b } = stageOf([script, {}]);
    b.decoder.sendLocalReply(TEAPOT);
    assert.equal(replies, 1);
    assert.equal(stage.response?.status, 500);
    assert.equal(stage.body, "");
    assert.equal(stage.streamInfo.responseCodeDetails, "second");
  });

  it("replaces a response that a filter holds back when time is up", () => {
    const { stage } = stageOf([{}, holdAll]);
    stage.respond();
    stage.manager.sendLocalReply({ status: 504, body: "stream timeout", details: "stream_idle_timeout" });
    assert.equal(stage.response?.status, 504);
    assert.equal(stage.body, "stream timeout");
  });

  it("resets the stream if the response has begun", () => {
    const { stage, a } = stageOf([{}]);
    stage.respond();
    a.decoder.sendLocalReply(TEAPOT);
    assert.equal(stage.wasReset, true);
    assert.equal(stage.response?.status, 200);
    assert.equal(stage.streamInfo.responseCodeDetails, "teapot");
  });

  it("drops an upstream response that comes after a reply", () => {
    const { stage, a } = stageOf([holdAll]);
    a.decoder.sendLocalReply(TEAPOT);
    stage.respond();
    stage.respondData("never", true);
    a.encoder.continueEncoding();
    assert.equal(stage.body, "short and stout");
  });

  it("lets the sender change the reply's headers before they pass the filters", () => {
    const { stage, a } = stageOf([{}]);
    a.decoder.sendLocalReply({ ...TEAPOT, modifyHeaders: (headers) => headers.add("x-pot", "tea") });
    assert.equal(stage.response?.get("x-pot"), "tea");
    assert.equal(stage.response?.get("content-type"), "text/plain");
    assert.equal(stage.response?.get("content-length"), "15");
  });

  it("answers HEAD with the headers of the body alone", () => {
    const { stage, a } = stageOf([{}]);
    stage.request.method = "HEAD";
    stage.decodeHeaders(true);
    a.decoder.sendLocalReply(TEAPOT);
    assert.equal(stage.response?.get("content-length"), "15");
    assert.ok(stage.log.includes("out 418 end"));
  });
});

describe("FilterManager: gRPC local replies", () => {
  const rows = [
    { name: "maps the status", reply: TEAPOT, status: "2", message: "short and stout" },
    { name: "maps 503", reply: { ...TEAPOT, status: 503, body: "" }, status: "14", message: undefined },
    { name: "maps 404", reply: { ...TEAPOT, status: 404, body: "no" }, status: "12", message: "no" },
    { name: "maps 403", reply: { ...TEAPOT, status: 403, body: "no" }, status: "7", message: "no" },
    {
      name: "keeps a given status",
      reply: { ...TEAPOT, grpcStatus: 4, body: "50% é" },
      status: "4",
      message: "50%25 %C3%A9",
    },
  ];
  for (const row of rows) {
    it(row.name, () => {
      const { stage, a } = stageOf([{}]);
      stage.request.add("content-type", "application/grpc");
      stage.decodeHeaders();
      a.decoder.sendLocalReply(row.reply);
      assert.equal(stage.response?.status, 200);
      assert.equal(stage.response?.get("grpc-status"), row.status);
      assert.equal(stage.response?.get("grpc-message"), row.message);
      assert.equal(stage.response?.get("content-type"), "application/grpc");
      assert.ok(stage.log.includes("out 200 end"));
    });
  }
});

describe("FilterManager: the end", () => {
  it("destroys each filter once, however often the stream ends", () => {
    const { stage } = stageOf([{}, {}]);
    stage.manager.destroy();
    stage.manager.destroy();
    assert.deepEqual(stage.log, ["a destroy", "b destroy"]);
  });

  it("calls nothing after a reset, whatever a filter still does", () => {
    const { stage, a } = stageOf([{ ...holdAll, decodeHeaders: () => H.stopIteration }, {}]);
    stage.decodeHeaders();
    stage.decodeData("1");
    a.decoder.resetStream();
    assert.equal(stage.wasReset, true);
    stage.take();
    a.decoder.continueDecoding();
    a.decoder.injectDecodedData(bytes("x"), true);
    a.decoder.addDecodedData(bytes("x"));
    a.decoder.sendLocalReply(TEAPOT);
    a.decoder.onDecoderFilterAboveWriteBufferHighWatermark();
    a.encoder.continueEncoding();
    a.encoder.injectEncodedData(bytes("x"), true);
    stage.decodeData("2", true);
    stage.respond();
    assert.deepEqual(stage.log, []);
    assert.equal(stage.pauses, 0);
  });

  it("stops at a filter that resets from inside a call", () => {
    const script: FilterScript = {
      decodeData: (filter) => {
        filter.decoder.resetStream();
        return D.continue;
      },
    };
    const { stage } = stageOf([script, {}]);
    stage.decodeHeaders();
    stage.take();
    stage.decodeData("1");
    assert.deepEqual(stage.log, ['a decodeData "1"', "out reset", "a destroy", "b destroy"]);
  });

  it("makes the filters once and leaves out those that the route switches off", () => {
    const log: string[] = [];
    const route = {
      name: "r",
      perFilterConfig: () => "own",
      perFilterConfigs: () => ["general", "own"],
      filterDisabled: (name: string) => name === "a",
      metadata: new Map(),
    };
    const [a, b] = [new ScriptedFilter("a", log), new ScriptedFilter("b", log)];
    const stage = FilterStage.of([a, b], { log, route });
    stage.add([]);
    stage.decodeHeaders(true);
    assert.deepEqual(stage.log, ["b decodeHeaders end"]);
    assert.equal(b.decoder.perFilterConfig(), "own");
    assert.deepEqual(b.encoder.perFilterConfigs(), ["general", "own"]);
  });
});
