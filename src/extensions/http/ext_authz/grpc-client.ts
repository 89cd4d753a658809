import { fromBinary, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { wireText } from "../../../match/wire-text.ts";
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
} from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
  type OkHttpResponse,
} from "../../../proto/gen/envoy/service/auth/v3/external_auth_pb.js";
import type { AsyncClient } from "../../../upstream/async/async-client.ts";
import type { AsyncCall } from "../../../upstream/async/async-failure.ts";
import { type AsyncGrpcCallbacks, AsyncGrpcClient } from "../../../upstream/async/async-grpc-client.ts";
import type { GrpcServiceData } from "../../../upstream/async/grpc-service-data.ts";
import { type HeaderChange, mayChange } from "../../header-change.ts";
import { type AuthzAnswer, type AuthzClient, type CheckSubject, tagAnswer } from "./authz-answer.ts";
import { CheckRequestWriter } from "./check-request.ts";
import type { ExtAuthzData } from "./ext-authz-data.ts";

const CHECK = "/envoy.service.auth.v3.Authorization/Check";
const FORBIDDEN = 403;
const ACTIONS: Readonly<Record<AppendAction, HeaderChange["action"]>> = {
  // The protos say that a header is replaced unless the service says otherwise.
  [AppendAction.APPEND_IF_EXISTS_OR_ADD]: "set",
  [AppendAction.ADD_IF_ABSENT]: "addIfAbsent",
  [AppendAction.OVERWRITE_IF_EXISTS_OR_ADD]: "set",
  [AppendAction.OVERWRITE_IF_EXISTS]: "setIfThere",
};

/** Asks a gRPC service (`envoy.service.auth.v3.Authorization`). Source: Envoy's `GrpcClientImpl` of ext_authz. */
export class GrpcAuthzClient implements AuthzClient {
  readonly #grpc: AsyncGrpcClient;
  readonly #service: GrpcServiceData;
  readonly #writer: CheckRequestWriter;

  constructor(client: AsyncClient, service: GrpcServiceData, data: ExtAuthzData) {
    this.#grpc = new AsyncGrpcClient(client);
    this.#service = service;
    this.#writer = new CheckRequestWriter(data);
  }

  check(subject: CheckSubject, onAnswer: (answer: AuthzAnswer) => void): AsyncCall {
    const message = toBinary(CheckRequestSchema, this.#writer.request(subject));
    const callbacks: AsyncGrpcCallbacks = {
      onMessage(bytes, span) {
        const answer = answerIn(bytes);
        if (span !== null) tagAnswer(span, answer);
        onAnswer(answer);
      },
      onFailure: () => onAnswer({ verdict: "error" }),
    };
    return this.#grpc.call(this.#service, CHECK, message, callbacks, [], subject.streamInfo.span);
  }
}

function answerIn(bytes: Buffer): AuthzAnswer {
  let response: CheckResponse;
  try {
    response = fromBinary(CheckResponseSchema, bytes);
  } catch {
    return { verdict: "error" };
  }
  const { httpResponse: http, status } = response;
  if ((status?.code ?? 0) === 0) return okAnswer(http.case === "okResponse" ? http.value : null, response);
  const denied = http.case === "deniedResponse" ? http.value : null;
  return {
    verdict: "denied",
    status: denied?.status?.code || FORBIDDEN,
    body: denied?.body ?? "",
    responseHeaders: changes(denied?.headers ?? [], "add"),
    metadata: metadataOf(response.dynamicMetadata),
  };
}

function okAnswer(ok: OkHttpResponse | null, response: CheckResponse): AuthzAnswer {
  return {
    verdict: "ok",
    requestHeaders: changes(ok?.headers ?? [], "appendIfThere"),
    headersToRemove: (ok?.headersToRemove ?? []).map((name) => name.toLowerCase()),
    responseHeaders: changes(ok?.responseHeadersToAdd ?? [], "add"),
    queryToSet: (ok?.queryParametersToSet ?? []).map(({ key, value }) => [wireText(key), wireText(value)] as const),
    queryToRemove: (ok?.queryParametersToRemove ?? []).map(wireText),
    metadata: metadataOf(ok?.dynamicMetadata ?? response.dynamicMetadata),
  };
}

/** `appending` is what `append: true` means there. */
function changes(options: readonly HeaderValueOption[], appending: HeaderChange["action"]): HeaderChange[] {
  const all = options.map(({ header, append, appendAction }): HeaderChange => {
    const { key = "", value = "", rawValue } = header ?? {};
    const text = value === "" && rawValue !== undefined ? Buffer.from(rawValue).toString("latin1") : wireText(value);
    const action = append === undefined ? (ACTIONS[appendAction] ?? "set") : append ? appending : "set";
    return { name: key.toLowerCase(), value: text, action };
  });
  return all.filter(({ name }) => mayChange(name));
}

function metadataOf(struct: JsonObject | undefined): Readonly<Record<string, unknown>> | null {
  return struct === undefined || Object.keys(struct).length === 0 ? null : struct;
}
