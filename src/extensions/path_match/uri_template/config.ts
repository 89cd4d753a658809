import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { parseUriTemplate, type UriTemplateData } from "../../../match/uri-template.ts";
import { UriTemplateMatchConfigSchema } from "../../../proto/gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js";

/** Paths that fit a template, as a regular expression for the whole path without its query. */
export const uriTemplateMatchConfig = extensionConfig({
  name: "envoy.path.match.uri_template.uri_template_matcher",
  categories: ["envoy.path.match"],
  schema: UriTemplateMatchConfigSchema,
  support: [supportAll(UriTemplateMatchConfigSchema)],
  compile: ({ pathTemplate }, place, context): UriTemplateData => {
    const { problem, ...template } = parseUriTemplate(pathTemplate);
    if (problem === undefined) return template as UriTemplateData;
    context.error(place.field("path_template"), problem);
    return { regex: "", variables: [] };
  },
});
