import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "../../../../src/http/filter.ts";
import type { FilterScript } from "../../../harness/scripted-filter.ts";
import { bytes, stageOf } from "./scripted-stage.ts";

const H = FilterHeadersStatus;
const D = FilterDataStatus;
const T = FilterTrailersStatus;

/** Stops at the end of the message, whatever ends it, and buffers all before. */
const holdAll: FilterScript = {
  decodeHeaders: () => H.stopIteration,
  decodeData: () => D.stopIterationAndBuffer,
  decodeTrailers: () => T.stopIteration,
};

describe("FilterManager: the direction of the request", () => {
  it("passes headers, data and trailers through the filters in order", () => {
    const { stage } = stageOf([{}, {}]);
    stage.decodeHeaders();
    stage.decodeData("x");
    stage.decodeTrailers();
    assert.deepEqual(stage.log, [
      "a decodeHeaders",
      "b decodeHeaders",
      'a decodeData "x"',
      'b decodeData "x"',
      "a decodeTrailers t=1",
      "b decodeTrailers t=1",
    ]);
  });

  it("tells each filter of the end with headers", () => {
    const { stage } = stageOf([{}, {}]);
    stage.decodeHeaders(true);
    assert.deepEqual(stage.log, ["a decodeHeaders end", "b decodeHeaders end"]);
    assert.equal(stage.manager.requestComplete, true);
  });

  it("keeps headers from later filters after stopIteration, but gives data to the filter that stopped", () => {
    const { stage } = stageOf([
      { decodeHeaders: () => H.stopIteration, decodeData: () => D.stopIterationAndBuffer },
      {},
    ]);
    stage.decodeHeaders();
    stage.decodeData("1");
    stage.decodeData("2");
    assert.deepEqual(stage.log, ["a decodeHeaders", 'a decodeData "1"', 'a decodeData "2"']);
  });

  it("sends headers and all that was buffered when data answers continue", () => {
    let calls = 0;
    const decodeData = () => (++calls === 1 ? D.stopIterationAndBuffer : D.continue);
    const { stage } = stageOf([{ decodeHeaders: () => H.stopIteration, decodeData }, {}]);
    stage.decodeHeaders();
    stage.decodeData("1");
    stage.take();
    stage.decodeData("2", true);
    assert.deepEqual(stage.log, ['a decodeData "2" end', "b decodeHeaders", 'b decodeData "12" end']);
  });

  it("sends what was held back when the filter continues, then the end alone if nothing was held", () => {
    const { stage, a } = stageOf([holdAll, {}]);
    stage.decodeHeaders();
    stage.decodeData("1");
    stage.take();
    a.decoder.continueDecoding();
    assert.deepEqual(stage.take(), ["b decodeHeaders", 'b decodeData "1"']);
    stage.decodeData("", true);
    stage.take();
    a.decoder.continueDecoding();
    assert.deepEqual(stage.take(), ['b decodeData "" end']);
  });

  it("ends a headers-only request with its headers when the filter continues", () => {
    const { stage, a } = stageOf([holdAll, {}]);
    stage.decodeHeaders(true);
    stage.take();
    a.decoder.continueDecoding();
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, ["b decodeHeaders end"]);
  });

  it("passes on the end of a body that the filter took itself", () => {
    const { stage, a } = stageOf([{ decodeData: () => D.stopIterationNoBuffer }, {}]);
    stage.decodeHeaders();
    stage.decodeData("taken", true);
    stage.take();
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, ['b decodeData "" end']);
  });

  it("sends buffered body and trailers in order when the filter continues", () => {
    const { stage, a } = stageOf([holdAll, {}]);
    stage.decodeHeaders();
    stage.decodeData("1");
    stage.decodeTrailers();
    stage.take();
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, ["b decodeHeaders", 'b decodeData "1"', "b decodeTrailers t=1"]);
  });

  it("goes on with everything when trailers answer continue", () => {
    const script = { ...holdAll, decodeTrailers: () => T.continue };
    const { stage } = stageOf([script, {}]);
    stage.decodeHeaders();
    stage.decodeData("1");
    stage.take();
    stage.decodeTrailers();
    assert.deepEqual(stage.log, [
      "a decodeTrailers t=1",
      "b decodeHeaders",
      'b decodeData "1"',
      "b decodeTrailers t=1",
    ]);
  });

  for (const status of [H.stopAllIterationAndBuffer, H.stopAllIterationAndWatermark]) {
    it(`keeps body and trailers from the filter itself after status ${status}, and starts with it again`, () => {
      const { stage, a } = stageOf([{ decodeHeaders: () => status }, {}]);
      stage.decodeHeaders();
      stage.decodeData("1");
      stage.decodeData("2");
      stage.decodeTrailers();
      assert.deepEqual(stage.take(), ["a decodeHeaders"]);
      a.decoder.continueDecoding();
      assert.deepEqual(stage.log, [
        "b decodeHeaders",
        'a decodeData "12"',
        'b decodeData "12"',
        "a decodeTrailers t=1",
        "b decodeTrailers t=1",
      ]);
    });
  }

  it("gives the end to a filter that had stopped everything before it came", () => {
    const { stage, a } = stageOf([{ decodeHeaders: () => H.stopAllIterationAndBuffer }, {}]);
    stage.decodeHeaders();
    stage.decodeData("", true);
    stage.take();
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, ["b decodeHeaders", 'a decodeData "" end', 'b decodeData "" end']);
  });

  it("keeps data from a later filter that has stopped everything", () => {
    const { stage, b } = stageOf([{}, { decodeHeaders: () => H.stopAllIterationAndBuffer }, {}]);
    stage.decodeHeaders();
    stage.decodeData("1", true);
    assert.deepEqual(stage.take(), ["a decodeHeaders", "b decodeHeaders", 'a decodeData "1" end']);
    b.decoder.continueDecoding();
    assert.deepEqual(stage.log, ["c decodeHeaders", 'b decodeData "1" end', 'c decodeData "1" end']);
  });

  it("does not pass on trailers that an earlier filter still holds", () => {
    const { stage, a, b } = stageOf([
      { decodeTrailers: () => T.stopIteration },
      { decodeData: () => D.stopIterationAndBuffer },
      {},
    ]);
    stage.decodeHeaders();
    stage.decodeData("1");
    stage.decodeTrailers();
    stage.take();
    b.decoder.continueDecoding();
    assert.deepEqual(stage.take(), ['c decodeData "1"']);
    a.decoder.continueDecoding();
    assert.deepEqual(stage.take(), ["b decodeTrailers t=1", "c decodeTrailers t=1"]);
  });

  it("ignores continueDecoding from inside decodeHeaders: the status decides", () => {
    const script: FilterScript = {
      decodeHeaders: (filter) => {
        filter.decoder.continueDecoding();
        return H.continue;
      },
    };
    const { stage } = stageOf([script, {}]);
    stage.decodeHeaders(true);
    assert.deepEqual(stage.log, ["a decodeHeaders end", "b decodeHeaders end"]);
  });
});

describe("FilterManager: what filters add to a request", () => {
  it("gives a body to a headers-only request", () => {
    const script: FilterScript = {
      decodeHeaders: (filter) => {
        filter.decoder.addDecodedData(bytes("added"));
        return H.continue;
      },
    };
    const { stage } = stageOf([script, {}, {}]);
    stage.decodeHeaders(true);
    assert.deepEqual(stage.log, [
      "a decodeHeaders end",
      "b decodeHeaders",
      "c decodeHeaders",
      'b decodeData "added" end',
      'c decodeData "added" end',
    ]);
  });

  it("gives the added body also to a filter behind which iteration stopped", () => {
    const script: FilterScript = {
      decodeHeaders: (filter) => {
        filter.decoder.addDecodedData(bytes("added"));
        return H.continue;
      },
    };
    const { stage, b } = stageOf([
      script,
      { decodeHeaders: () => H.stopIteration, decodeData: () => D.stopIterationAndBuffer },
      {},
    ]);
    stage.decodeHeaders(true);
    assert.deepEqual(stage.take(), ["a decodeHeaders end", "b decodeHeaders", 'b decodeData "added" end']);
    b.decoder.continueDecoding();
    assert.deepEqual(stage.log, ["c decodeHeaders", 'c decodeData "added" end']);
  });

  it("does not end the request after continueAndDontEndStream, until the filter sends the end", () => {
    const { stage, a, b } = stageOf([
      { decodeHeaders: () => H.continueAndDontEndStream },
      { decodeHeaders: () => H.stopIteration },
      {},
    ]);
    stage.decodeHeaders(true);
    assert.deepEqual(stage.take(), ["a decodeHeaders end", "b decodeHeaders"]);
    b.decoder.continueDecoding();
    assert.deepEqual(stage.take(), ["c decodeHeaders"]);
    a.decoder.injectDecodedData(bytes("later"), true);
    assert.deepEqual(stage.take(), ['b decodeData "later" end', 'c decodeData "later" end']);
  });

  it("ends with the body that was added after continueAndDontEndStream", () => {
    const { stage, a } = stageOf([{ decodeHeaders: () => H.continueAndDontEndStream }, {}]);
    stage.decodeHeaders(true);
    stage.take();
    a.decoder.addDecodedData(bytes("later"));
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, ['b decodeData "later" end']);
  });

  it("sends headers before injected data", () => {
    const { stage, a } = stageOf([
      { decodeHeaders: () => H.stopIteration, decodeData: () => D.stopIterationNoBuffer },
      {},
    ]);
    stage.decodeHeaders();
    stage.decodeData("1", true);
    stage.take();
    a.decoder.injectDecodedData(bytes("one"), false);
    a.decoder.injectDecodedData(bytes("two"), true);
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, ["b decodeHeaders", 'b decodeData "one"', 'b decodeData "two" end']);
  });

  it("puts added trailers behind the last data", () => {
    const script: FilterScript = {
      decodeData: (filter, _data, endStream) => {
        if (endStream) filter.decoder.addDecodedTrailers().add("sum", "7");
        return D.continue;
      },
    };
    const { stage } = stageOf([script, {}]);
    stage.decodeHeaders();
    stage.decodeData("1");
    stage.decodeData("2", true);
    assert.deepEqual(stage.log.slice(3), [
      'b decodeData "1"',
      'a decodeData "2" end',
      'b decodeData "2"',
      "b decodeTrailers sum=7",
    ]);
  });

  it("gives added trailers to a later filter that buffers", () => {
    const adds: FilterScript = {
      decodeData: (filter) => {
        filter.decoder.addDecodedTrailers().add("sum", "7");
        return D.continue;
      },
    };
    const buffers: FilterScript = { decodeHeaders: () => H.stopIteration, decodeData: () => D.stopIterationAndBuffer };
    const { stage } = stageOf([adds, buffers, {}]);
    stage.decodeHeaders();
    stage.take();
    stage.decodeData("1", true);
    assert.deepEqual(stage.log, [
      'a decodeData "1" end',
      'b decodeData "1"',
      "b decodeTrailers sum=7",
      "c decodeHeaders",
      'c decodeData "1"',
      "c decodeTrailers sum=7",
    ]);
  });

  it("keeps added trailers with the filter that added them and stopped", () => {
    const script: FilterScript = {
      decodeData: (filter) => {
        filter.decoder.addDecodedTrailers().add("sum", "7");
        return D.stopIterationAndBuffer;
      },
    };
    const { stage, a } = stageOf([script, {}]);
    stage.decodeHeaders();
    stage.decodeData("1", true);
    stage.take();
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, ['b decodeData "1"', "b decodeTrailers sum=7"]);
  });

  it("refuses trailers at any other time", () => {
    const { stage, a } = stageOf([{}, {}]);
    stage.decodeHeaders();
    assert.throws(() => a.decoder.addDecodedTrailers(), /last data/);
  });

  it("sends body that is added with the trailers before them", () => {
    const script: FilterScript = {
      decodeTrailers: (filter) => {
        filter.decoder.addDecodedData(bytes("rest"));
        return T.continue;
      },
    };
    const { stage } = stageOf([script, {}]);
    stage.decodeHeaders();
    stage.take();
    stage.decodeTrailers();
    assert.deepEqual(stage.log, ["a decodeTrailers t=1", 'b decodeData "rest"', "b decodeTrailers t=1"]);
  });

  it("shows and replaces what is buffered", () => {
    const { stage, a } = stageOf([holdAll, {}]);
    stage.decodeHeaders();
    assert.equal(a.decoder.decodingBuffer(), null);
    stage.decodeData("1");
    stage.decodeData("2", true);
    assert.equal(a.decoder.decodingBuffer()?.toString(), "12");
    a.decoder.setDecodingBuffer(bytes("changed"));
    stage.take();
    a.decoder.continueDecoding();
    assert.deepEqual(stage.log, ["b decodeHeaders", 'b decodeData "changed" end']);
  });
});

describe("FilterManager: how much of a request filters may hold", () => {
  it("answers 413 when a buffering filter holds more than the limit", () => {
    const { stage } = stageOf([holdAll, {}], 4);
    stage.decodeHeaders();
    stage.decodeData("1234");
    assert.ok(!stage.log.some((entry) => entry.startsWith("out")));
    stage.decodeData("5");
    assert.equal(stage.response?.status, 413);
    assert.equal(stage.body, "Payload Too Large");
    assert.equal(stage.streamInfo.responseCodeDetails, "request_payload_too_large");
    assert.equal(stage.tooLarge, "request");
    assert.ok(!stage.log.includes("b decodeHeaders"));
  });

  it("answers 413 also when the piece too many is let through", () => {
    let calls = 0;
    const decodeData = () => (++calls === 1 ? D.stopIterationAndBuffer : D.continue);
    const { stage } = stageOf([{ decodeHeaders: () => H.stopIteration, decodeData }, {}], 4);
    stage.decodeHeaders();
    stage.decodeData("123");
    stage.decodeData("45", true);
    assert.equal(stage.response?.status, 413);
    assert.ok(!stage.log.includes("b decodeHeaders"));
  });

  it("pauses and resumes the sender of a filter that watermarks", () => {
    const { stage, a } = stageOf(
      [{ decodeHeaders: () => H.stopIteration, decodeData: () => D.stopIterationAndWatermark }, {}],
      4,
    );
    stage.decodeHeaders();
    stage.decodeData("12345");
    stage.decodeData("6");
    assert.equal(stage.pauses, 1);
    a.decoder.continueDecoding();
    assert.equal(stage.pauses, 0);
    assert.ok(!stage.log.some((entry) => entry.startsWith("out")));
  });

  it("keeps a raised limit", () => {
    const { stage, a } = stageOf([holdAll, {}], 4);
    a.decoder.setDecoderBufferLimit(100);
    stage.decodeHeaders();
    stage.decodeData("12345");
    assert.ok(!stage.log.some((entry) => entry.startsWith("out")));
    assert.equal(a.decoder.decoderBufferLimitBytes, 100);
    a.decoder.setDecoderBufferLimit(4);
    assert.equal(stage.response?.status, 413);
  });

  it("passes on pauses that a filter asks for itself", () => {
    const { stage, b } = stageOf([{}, {}]);
    stage.decodeHeaders();
    b.decoder.onDecoderFilterAboveWriteBufferHighWatermark();
    b.decoder.onDecoderFilterAboveWriteBufferHighWatermark();
    assert.equal(stage.pauses, 2);
    b.decoder.onDecoderFilterBelowWriteBufferLowWatermark();
    assert.equal(stage.pauses, 1);
  });
});
