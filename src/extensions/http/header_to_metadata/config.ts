import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type Config,
  type Config_KeyValuePair,
  Config_KeyValuePairSchema,
  type Config_Rule,
  Config_RuleSchema,
  Config_ValueEncode,
  Config_ValueType,
  ConfigSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/header_to_metadata/v3/header_to_metadata_pb.js";
import { compileHeaderName, compileMutableHeaderName } from "../../../route/compile/header-name.ts";
import { compileRegexRewrite } from "../../../route/compile/matchers.ts";
import type { MetadataEntryData, MetadataRuleData, MetadataRulesData } from "./metadata-rules.ts";

const TYPES: Readonly<Record<Config_ValueType, MetadataEntryData["type"]>> = {
  [Config_ValueType.STRING]: "string",
  [Config_ValueType.NUMBER]: "number",
  [Config_ValueType.PROTOBUF_VALUE]: "protobuf",
};

/** `envoy.filters.http.header_to_metadata`, main side. */
export const headerToMetadataConfig = extensionConfig({
  name: "envoy.filters.http.header_to_metadata",
  categories: ["envoy.filters.http"],
  schema: ConfigSchema,
  routeSchema: ConfigSchema,
  support: [supportAll(ConfigSchema), supportAll(Config_RuleSchema), supportAll(Config_KeyValuePairSchema)],
  compile: compileConfig,
  compileRoute: (message, place, context) => {
    if (message.requestRules.length === 0 && message.responseRules.length === 0) {
      context.error(place, "a route needs request_rules or response_rules");
    }
    return compileConfig(message, place, context);
  },
});

function compileConfig(message: Config, place: Place, context: CompileContext): MetadataRulesData {
  const rules = (messages: readonly Config_Rule[], at: Place): MetadataRuleData[] =>
    messages.map((rule, i) => compileRule(rule, at.index(i), context));
  return {
    request: rules(message.requestRules, place.field("request_rules")),
    response: rules(message.responseRules, place.field("response_rules")),
  };
}

function compileRule(rule: Config_Rule, place: Place, context: CompileContext): MetadataRuleData {
  const { header, cookie, onHeaderPresent, onHeaderMissing, remove } = rule;
  if ((header === "") === (cookie === "")) context.error(place, "needs either header or cookie");
  if (cookie !== "" && remove) context.error(place.field("remove"), "cookies can't be removed");
  if (onHeaderPresent === undefined && onHeaderMissing === undefined) {
    context.error(place, "needs on_header_present or on_header_missing");
  }
  if (onHeaderPresent !== undefined && onHeaderPresent.value !== "" && onHeaderPresent.regexValueRewrite) {
    context.error(place.field("on_header_present"), "value and regex_value_rewrite exclude each other");
  }
  if (onHeaderMissing?.value === "") context.error(place.field("on_header_missing").field("value"), "is required");
  const compileName = remove ? compileMutableHeaderName : compileHeaderName;
  return {
    header: header === "" ? "" : compileName(header, place.field("header"), context),
    cookie,
    present:
      onHeaderPresent === undefined ? null : compileEntry(onHeaderPresent, place.field("on_header_present"), context),
    missing:
      onHeaderMissing === undefined ? null : compileEntry(onHeaderMissing, place.field("on_header_missing"), context),
    remove,
  };
}

function compileEntry(pair: Config_KeyValuePair, place: Place, context: CompileContext): MetadataEntryData {
  const { regexValueRewrite: rewrite } = pair;
  return {
    namespace: pair.metadataNamespace === "" ? "envoy.filters.http.header_to_metadata" : pair.metadataNamespace,
    key: pair.key,
    value: pair.value,
    rewrite: rewrite === undefined ? null : compileRegexRewrite(rewrite, place.field("regex_value_rewrite"), context),
    type: TYPES[pair.type],
    isBase64: pair.encode === Config_ValueEncode.BASE64,
  };
}
