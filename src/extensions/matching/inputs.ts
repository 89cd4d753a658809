import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { CompileContext } from "../../config/compile-context.ts";
import { type ExtensionConfig, extensionConfig } from "../../config/extension-config.ts";
import { supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  DestinationIPInputSchema,
  DestinationPortInputSchema,
  DirectSourceIPInputSchema,
  FilterStateInputSchema,
  ServerNameInputSchema,
  SourceIPInputSchema,
  SourcePortInputSchema,
} from "../../proto/gen/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.js";
import {
  DnsSanInputSchema,
  SubjectInputSchema,
  UriSanInputSchema,
} from "../../proto/gen/envoy/extensions/matching/common_inputs/ssl/v3/ssl_inputs_pb.js";
import { HttpRequestHeaderMatchInputSchema } from "../../proto/gen/envoy/type/matcher/v3/http_inputs_pb.js";
import { compileHeaderName } from "../../route/compile/header-name.ts";
import type { MatchInputData } from "../rbac/match-input.ts";

/** What a match tree can look at. Envoy's inputs are messages that mostly say nothing but their type, so they stand here together. */
function input<Schema extends DescMessage>(
  name: string,
  schema: Schema,
  compile: (message: MessageShape<Schema>, place: Place, context: CompileContext) => MatchInputData,
): ExtensionConfig {
  const categories = ["envoy.matching.http.input"] as const;
  return extensionConfig({
    name: `envoy.matching.inputs.${name}`,
    categories,
    schema,
    support: [supportAll(schema)],
    compile,
  });
}

/** The address that the connection goes to. */
export const destinationIpInput = input("destination_ip", DestinationIPInputSchema, () => ({ type: "destinationIp" }));
/** The port that the connection goes to, as a number in decimal. */
export const destinationPortInput = input("destination_port", DestinationPortInputSchema, () => ({
  type: "destinationPort",
}));
/** The client's address; of a request, after `x-forwarded-for` was weighed. */
export const sourceIpInput = input("source_ip", SourceIPInputSchema, () => ({ type: "sourceIp" }));
/** The port of the connection's peer, as a number in decimal. */
export const sourcePortInput = input("source_port", SourcePortInputSchema, () => ({ type: "sourcePort" }));
/** The address of the socket's peer. */
export const directSourceIpInput = input("direct_source_ip", DirectSourceIPInputSchema, () => ({
  type: "directSourceIp",
}));
/** SNI. */
export const serverNameInput = input("server_name", ServerNameInputSchema, () => ({ type: "serverName" }));
/** The URI SANs of the peer's certificate, joined by commas. */
export const uriSanInput = input("uri_san", UriSanInputSchema, () => ({ type: "uriSan" }));
/** The DNS SANs of the peer's certificate, joined by commas. */
export const dnsSanInput = input("dns_san", DnsSanInputSchema, () => ({ type: "dnsSan" }));
/** The subject of the peer's certificate. */
export const subjectInput = input("subject", SubjectInputSchema, () => ({ type: "subject" }));
/** A text in the filter state. */
export const filterStateInput = input("filter_state", FilterStateInputSchema, ({ key }) => ({
  type: "filterState",
  name: key,
}));
/** A header of the request; several of a name are joined by commas. */
export const requestHeadersInput = input(
  "request_headers",
  HttpRequestHeaderMatchInputSchema,
  ({ headerName }, place, context) => ({
    type: "header",
    name: compileHeaderName(headerName, place.field("header_name"), context),
  }),
);
