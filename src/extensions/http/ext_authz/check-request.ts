import { create, type JsonObject } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { unicodeText } from "../../../match/wire-text.ts";
import type { DownstreamConnectionInfo } from "../../../net/downstream-connection-info.ts";
import { parseIpPort } from "../../../net/parse-ip-port.ts";
import type { CertificateInfo } from "../../../net/tls-connection-info.ts";
import { type Address, AddressSchema } from "../../../proto/gen/envoy/config/core/v3/address_pb.js";
import { HeaderMapSchema, type Metadata, MetadataSchema } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  type AttributeContext_HttpRequest,
  AttributeContext_HttpRequestSchema,
  type AttributeContext_Peer,
  AttributeContext_PeerSchema,
} from "../../../proto/gen/envoy/service/auth/v3/attribute_context_pb.js";
import { type CheckRequest, CheckRequestSchema } from "../../../proto/gen/envoy/service/auth/v3/external_auth_pb.js";
import type { CheckSubject } from "./authz-answer.ts";
import { CheckedHeaders } from "./checked-headers.ts";
import type { ExtAuthzData } from "./ext-authz-data.ts";

const PARTIAL_BODY = "x-envoy-auth-partial-body";

/** Writes the message that a gRPC service is asked with. Source: Envoy's `CheckRequestUtils`. */
export class CheckRequestWriter {
  readonly #data: ExtAuthzData;
  readonly #told: CheckedHeaders;

  constructor(data: ExtAuthzData) {
    this.#data = data;
    this.#told = new CheckedHeaders(data.allowedHeaders, data.disallowedHeaders, new Set());
  }

  request(subject: CheckSubject): CheckRequest {
    const { streamInfo, headers, contextExtensions } = subject;
    const { connection } = streamInfo;
    const { tls } = connection;
    const source = peerOf(connection.remoteAddress, tls?.peer ?? null);
    source.service = headers.get("x-envoy-downstream-service-cluster") ?? "";
    if (this.#data.includePeerCertificate && tls !== null && tls.peer !== null) {
      source.certificate = encodeURIComponent(tls.peer.pem);
    }
    const destination = peerOf(connection.localAddress, tls?.local ?? null);
    destination.labels = { ...this.#data.destinationLabels };
    return create(CheckRequestSchema, {
      attributes: {
        source,
        destination,
        request: { time: timestampFromMs(streamInfo.startWallMs), http: this.#http(subject) },
        contextExtensions: { ...contextExtensions },
        metadataContext: metadataOf(streamInfo.dynamicMetadata, this.#data.metadataNamespaces),
        routeMetadataContext: metadataOf(subject.routeMetadata, this.#data.routeMetadataNamespaces),
        ...(this.#data.includeTlsSession && tls !== null && { tlsSession: { sni: sniOf(connection) } }),
      },
    });
  }

  #http({ headers, streamInfo, body, isPartial, asBytes }: CheckSubject): AttributeContext_HttpRequest {
    const http = create(AttributeContext_HttpRequestSchema, {
      id: streamInfo.requestId,
      method: headers.method,
      path: utf8(headers.path),
      host: utf8(headers.authority),
      scheme: headers.scheme,
      size: BigInt(streamInfo.bytesReceived),
      protocol: streamInfo.protocol,
    });
    const told = this.#told.of(headers);
    if (body !== null) told.push(PARTIAL_BODY, String(isPartial));
    if (this.#data.encodeRawHeaders) http.headerMap = create(HeaderMapSchema, { headers: rawHeaders(told) });
    else http.headers = joinedHeaders(told);
    if (body !== null && asBytes) http.rawBody = body;
    else if (body !== null) http.body = body.toString("utf8");
    return http;
  }
}

function rawHeaders(told: readonly string[]): { key: string; rawValue: Uint8Array }[] {
  const list: { key: string; rawValue: Uint8Array }[] = [];
  for (let i = 0; i < told.length; i += 2) list.push({ key: told[i]!, rawValue: Buffer.from(told[i + 1]!, "latin1") });
  return list;
}

function joinedHeaders(told: readonly string[]): Record<string, string> {
  const joined = Object.create(null) as Record<string, string>;
  for (let i = 0; i < told.length; i += 2) {
    const [name, value] = [told[i]!, utf8(told[i + 1]!)];
    joined[name] = name in joined ? `${joined[name]},${value}` : value;
  }
  return joined;
}

/** Text for protobuf, which takes UTF-8 alone; other bytes become `!`. */
function utf8(wire: string): string {
  return unicodeText(wire).replaceAll("\ufffd", "!");
}

function sniOf({ tls, requestedServerName }: DownstreamConnectionInfo): string {
  return tls?.serverName || requestedServerName;
}

function peerOf(address: string, certificate: CertificateInfo | null): AttributeContext_Peer {
  const principal =
    certificate === null ? "" : (certificate.uriSans[0] ?? certificate.dnsSans[0] ?? certificate.subject);
  return create(AttributeContext_PeerSchema, { address: addressOf(address), principal: utf8(principal) });
}

function addressOf(text: string): Address {
  const parsed = parseIpPort(text);
  if (parsed === null) return create(AddressSchema, { address: { case: "pipe", value: { path: text } } });
  const value = { address: parsed.ip, portSpecifier: { case: "portValue" as const, value: parsed.port } };
  return create(AddressSchema, { address: { case: "socketAddress", value } });
}

function metadataOf(
  metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>> | null,
  namespaces: readonly string[],
): Metadata {
  const message = create(MetadataSchema);
  for (const namespace of namespaces) {
    const entry = metadata?.get(namespace);
    if (entry !== undefined) message.filterMetadata[namespace] = { ...entry } as JsonObject;
  }
  return message;
}
