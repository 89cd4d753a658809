import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { PreserveCaseData } from "../../../http/http1/key-format-data.ts";
import {
  PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeaders as Added,
  PreserveCaseFormatterConfigSchema,
} from "../../../proto/gen/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.js";

/**
 * Names of headers go on as they came: a value of `header_key_format`, main side. In the connection manager it holds for requests, in a
 * cluster for responses. It has no worker side: the codec does it.
 */
export const preserveCaseConfig = extensionConfig({
  name: "envoy.http.stateful_header_formatters.preserve_case",
  categories: ["envoy.http.stateful_header_formatters"],
  schema: PreserveCaseFormatterConfigSchema,
  support: [supportAll(PreserveCaseFormatterConfigSchema)],
  compile: (message): PreserveCaseData => ({
    forwardsReason: message.forwardReasonPhrase,
    properCaseForAdded: message.formatterTypeOnEnvoyHeaders === Added.PROPER_CASE,
  }),
});
