import { STATUS_CODES } from "node:http";
import type { FormatEnvironment } from "../../../http/format/format-context.ts";
import { RequestHeaderMap, type ResponseHeaderMap } from "../../../http/header-map.ts";
import { applyMutations, HeaderMutations } from "../../../route/header-mutations.ts";
import type { AsyncClient } from "../../../upstream/async/async-client.ts";
import type { AsyncCall } from "../../../upstream/async/async-failure.ts";
import type { AsyncResponse } from "../../../upstream/async/async-request.ts";
import { type HeaderChange, mayChange } from "../../header-change.ts";
import { type AuthzAnswer, type AuthzClient, type CheckSubject, tagAnswer } from "./authz-answer.ts";
import { CheckedHeaders, HeaderNameList } from "./checked-headers.ts";
import type { AuthzHttpServiceData, ExtAuthzData } from "./ext-authz-data.ts";

const LARGEST_ANSWER_BYTES = 1 << 20;
const HEADERS_TO_REMOVE = "x-envoy-auth-headers-to-remove";
/** What a service is always told. */
const ALWAYS_TOLD: ReadonlySet<string> = new Set([":authority", ":method", ":path", "authorization"]);
/** What a client always gets of a denial. */
const ALWAYS_GIVEN: ReadonlySet<string> = new Set(["www-authenticate", "location"]);

/**
 * Asks an HTTP service: it gets the request's method, path and some headers; 200 is OK, 5xx an error, all else a denial. Source: Envoy's
 * `RawHttpClientImpl`.
 * Differs from Envoy: about a CONNECT the service is asked by GET.
 */
export class HttpAuthzClient implements AuthzClient {
  readonly #client: AsyncClient;
  readonly #data: AuthzHttpServiceData;
  readonly #told: CheckedHeaders;
  readonly #toRequest: HeaderNameList;
  readonly #toRequestAppended: HeaderNameList;
  readonly #toClient: HeaderNameList | null;
  readonly #toClientOnSuccess: HeaderNameList;
  readonly #toMetadata: HeaderNameList;
  readonly #raw: boolean;
  readonly #toAdd: readonly HeaderMutations[];

  constructor(client: AsyncClient, service: AuthzHttpServiceData, data: ExtAuthzData, format: FormatEnvironment) {
    this.#client = client;
    this.#data = service;
    this.#told = new CheckedHeaders(data.allowedHeaders ?? [], data.disallowedHeaders, ALWAYS_TOLD);
    this.#toRequest = new HeaderNameList(service.upstreamHeaders);
    this.#toRequestAppended = new HeaderNameList(service.upstreamHeadersToAppend);
    this.#toClient = service.clientHeaders === null ? null : new HeaderNameList(service.clientHeaders);
    this.#toClientOnSuccess = new HeaderNameList(service.clientHeadersOnSuccess);
    this.#toMetadata = new HeaderNameList(service.metadataHeaders);
    this.#raw = data.encodeRawHeaders;
    this.#toAdd = service.headersToAdd.add.length === 0 ? [] : [new HeaderMutations(service.headersToAdd, format)];
  }

  check(subject: CheckSubject, onAnswer: (answer: AuthzAnswer) => void): AsyncCall {
    const { cluster, timeoutMs } = this.#data.service;
    const { body } = subject;
    const parent = subject.streamInfo.span;
    const request = {
      headers: this.#request(subject),
      body,
      timeoutMs,
      maxResponseBytes: LARGEST_ANSWER_BYTES,
      retry: null,
      trace: parent === null ? null : { parent, name: `async ${cluster} egress`, grpcAuthority: null },
    };
    return this.#client.send(cluster, request, {
      onResponse: (response, span) => {
        const answer = this.#answer(response);
        if (span !== null) {
          span.setTag("ext_authz_http_status", STATUS_CODES[response.headers.status] ?? "Unknown");
          tagAnswer(span, answer);
        }
        onAnswer(answer);
      },
      onFailure: () => onAnswer({ verdict: "error" }),
    });
  }

  #request({ headers, body, isPartial, streamInfo }: CheckSubject): RequestHeaderMap {
    const { service, pathPrefix } = this.#data;
    const request = new RequestHeaderMap();
    request.method = "GET";
    request.path = "/";
    request.authority = service.authority;
    request.scheme = service.scheme;
    const told = this.#told.of(headers);
    for (let i = 0; i < told.length; i += 2) this.#tell(request, told[i]!, told[i + 1]!);
    request.path = pathPrefix + (request.path === "" ? "/" : request.path);
    // A tunnel to the service is not what is wanted.
    if (request.method === "CONNECT") request.method = "GET";
    if (body !== null) request.set("x-envoy-auth-partial-body", String(isPartial));
    applyMutations(this.#toAdd, request, headers, null, streamInfo);
    request.set("content-length", String(body?.length ?? 0));
    return request;
  }

  #tell(request: RequestHeaderMap, name: string, value: string): void {
    if (name === ":authority") request.authority = value;
    else if (name === ":path") request.path = value;
    else if (name === ":method") request.method = value;
    else if (name.startsWith(":") || !mayChange(name)) return;
    else if (this.#raw) request.add(name, value);
    else request.append(name, value);
  }

  #answer({ headers, body }: AsyncResponse): AuthzAnswer {
    const { status } = headers;
    if (status >= 500) return { verdict: "error" };
    const toRemove = headers.getAll(HEADERS_TO_REMOVE).flatMap((value) => value.split(","));
    headers.remove(HEADERS_TO_REMOVE);
    const metadata = this.#metadata(headers);
    if (status !== 200) {
      return {
        verdict: "denied",
        status,
        body: body.toString("utf8"),
        responseHeaders: changes(headers, "add", (name) => this.#isForClient(name)),
        metadata,
      };
    }
    return {
      verdict: "ok",
      requestHeaders: [
        ...changes(headers, "set", (name) => this.#toRequest.matches(name)),
        ...changes(headers, "add", (name) => this.#toRequestAppended.matches(name)),
      ],
      headersToRemove: toRemove.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""),
      responseHeaders: changes(headers, "add", (name) => this.#toClientOnSuccess.matches(name)),
      queryToSet: [],
      queryToRemove: [],
      metadata,
    };
  }

  #isForClient(name: string): boolean {
    return this.#toClient === null || ALWAYS_GIVEN.has(name) || this.#toClient.matches(name);
  }

  #metadata({ list }: ResponseHeaderMap): Record<string, unknown> | null {
    let metadata: Record<string, unknown> | null = null;
    for (let i = 0; i < list.length; i += 2) {
      if (!this.#toMetadata.matches(list[i]!)) continue;
      metadata ??= Object.create(null) as Record<string, unknown>;
      metadata[list[i]!] = list[i + 1]!;
    }
    return metadata;
  }
}

function changes(
  { list }: ResponseHeaderMap,
  action: HeaderChange["action"],
  isWanted: (name: string) => boolean,
): HeaderChange[] {
  const found: HeaderChange[] = [];
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    if (mayChange(name) && isWanted(name)) found.push({ name, value: list[i + 1]!, action });
  }
  return found;
}
