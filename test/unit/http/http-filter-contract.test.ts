import { FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "../../../src/http/filter.ts";
import { factoryOf } from "../../harness/filter-stage.ts";
import { describeHttpFilterContract } from "../../harness/http-filter-contract.ts";
import { ScriptedFilter } from "../../harness/scripted-filter.ts";

describeHttpFilterContract("one that does nothing", { createFactory: () => factoryOf(new ScriptedFilter("x", [])) });

describeHttpFilterContract("one that waits with everything until the end", {
  createFactory: () =>
    factoryOf(
      new ScriptedFilter("x", [], {
        decodeHeaders: (_filter, _headers, endStream) =>
          endStream ? FilterHeadersStatus.continue : FilterHeadersStatus.stopIteration,
        decodeData: (_filter, _data, endStream) =>
          endStream ? FilterDataStatus.continue : FilterDataStatus.stopIterationAndBuffer,
        decodeTrailers: () => FilterTrailersStatus.continue,
        encodeHeaders: (_filter, _headers, endStream) =>
          endStream ? FilterHeadersStatus.continue : FilterHeadersStatus.stopIteration,
        encodeData: (_filter, _data, endStream) =>
          endStream ? FilterDataStatus.continue : FilterDataStatus.stopIterationAndBuffer,
        encodeTrailers: () => FilterTrailersStatus.continue,
      }),
    ),
});

describeHttpFilterContract("one that stops everything and continues later", {
  createFactory: () => {
    const script = new ScriptedFilter("x", [], {
      decodeHeaders: (filter) => {
        setImmediate(() => filter.decoder.continueDecoding());
        return FilterHeadersStatus.stopAllIterationAndWatermark;
      },
      encodeHeaders: (filter) => {
        setImmediate(() => filter.encoder.continueEncoding());
        return FilterHeadersStatus.stopAllIterationAndWatermark;
      },
    });
    return factoryOf(script);
  },
});

describeHttpFilterContract("one that answers itself", {
  createFactory: () =>
    factoryOf(
      new ScriptedFilter("x", [], {
        decodeHeaders: (filter) => {
          filter.decoder.sendLocalReply({ status: 200, body: "mine", details: "mine" });
          return FilterHeadersStatus.stopIteration;
        },
      }),
    ),
});
