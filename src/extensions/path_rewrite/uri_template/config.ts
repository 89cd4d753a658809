import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { parseRewriteTemplate, type RewriteTemplatePart } from "../../../match/rewrite-template.ts";
import { UriTemplateRewriteConfigSchema } from "../../../proto/gen/envoy/extensions/path/rewrite/uri_template/v3/uri_template_rewrite_pb.js";

/** What a path becomes that fits the template of its route. */
export const uriTemplateRewriteConfig = extensionConfig({
  name: "envoy.path.rewrite.uri_template.uri_template_rewriter",
  categories: ["envoy.path.rewrite"],
  schema: UriTemplateRewriteConfigSchema,
  support: [supportAll(UriTemplateRewriteConfigSchema)],
  compile: ({ pathTemplateRewrite }, place, context): readonly RewriteTemplatePart[] => {
    const { parts, problem } = parseRewriteTemplate(pathTemplateRewrite);
    if (parts !== undefined) return parts;
    context.error(place.field("path_template_rewrite"), problem);
    return [];
  },
});
