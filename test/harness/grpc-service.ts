import type { TestContext } from "node:test";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";

/** A gRPC server with one unary method. */
export interface UnaryService<Request> {
  readonly port: number;
  /** What was asked, oldest first. */
  readonly requests: Request[];
  /** The metadata of each request. */
  readonly metadata: Record<string, unknown>[];
}

/** What a method says: its response, an error of this status, or nothing ever. */
export type UnaryAnswer<Response> = Response | { readonly status: number } | "nothing";

/** Starts it on a free port by grpc-js; it ends with the test. `path` is `/<package>.<service>/<method>`. */
export async function startUnaryService<Request extends DescMessage, Response extends DescMessage>(
  t: TestContext,
  path: string,
  [requestSchema, responseSchema]: readonly [Request, Response],
  answer: (request: MessageShape<Request>) => UnaryAnswer<MessageInitShape<Response> & object>,
): Promise<UnaryService<MessageShape<Request>>> {
  const requests: MessageShape<Request>[] = [];
  const metadata: Record<string, unknown>[] = [];
  const server = new grpc.Server();
  const method: grpc.MethodDefinition<MessageShape<Request>, MessageShape<Response>> = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message) => Buffer.from(toBinary(requestSchema, message)),
    requestDeserialize: (bytes) => fromBinary(requestSchema, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(responseSchema, message)),
    responseDeserialize: (bytes) => fromBinary(responseSchema, bytes),
  };
  server.addService(
    { method },
    {
      method(
        call: grpc.ServerUnaryCall<MessageShape<Request>, MessageShape<Response>>,
        callback: grpc.sendUnaryData<MessageShape<Response>>,
      ) {
        requests.push(call.request);
        metadata.push(call.metadata.getMap());
        const said = answer(call.request);
        if (said === "nothing") return;
        if ("status" in said && typeof said.status === "number") callback({ code: said.status, details: "refused" });
        else callback(null, create(responseSchema, said as MessageInitShape<Response>));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  t.after(() => server.forceShutdown());
  return { port, requests, metadata };
}
