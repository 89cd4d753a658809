import * as grpc from "@grpc/grpc-js";

const bytes = { serialize: (message: Buffer): Buffer => message, deserialize: (message: Buffer): Buffer => message };

function method(path: string, requestStream: boolean, responseStream: boolean): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Echo/${path}`,
    requestStream,
    responseStream,
    requestSerialize: bytes.serialize,
    requestDeserialize: bytes.deserialize,
    responseSerialize: bytes.serialize,
    responseDeserialize: bytes.deserialize,
  };
}

/** A service of plain bytes with all four kinds of calls. */
export const ECHO_SERVICE = {
  unary: method("Unary", false, false),
  collect: method("Collect", true, false),
  repeat: method("Repeat", false, true),
  chat: method("Chat", true, true),
};

/**
 * The service: `unary` echoes, unless the message is `fail` (INVALID_ARGUMENT) or `wait` (never); `collect` joins; `repeat` sends the message
 * 100 times; `chat` echoes each message.
 */
export async function startGrpcEcho(): Promise<{ readonly port: number; stop(): void }> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(ECHO_SERVICE, {
    unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
      const text = call.request.length < 10 ? call.request.toString() : "";
      if (text === "wait") return;
      if (text === "fail") callback({ code: grpc.status.INVALID_ARGUMENT, details: "that is wrong" });
      else callback(null, call.request);
    },
    collect(call: grpc.ServerReadableStream<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
      const parts: Buffer[] = [];
      call.on("data", (part: Buffer) => parts.push(part));
      call.on("end", () => callback(null, Buffer.concat(parts)));
    },
    repeat(call: grpc.ServerWritableStream<Buffer, Buffer>) {
      for (let i = 0; i < 100; i++) call.write(call.request);
      call.end();
    },
    chat(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
      call.on("error", () => {});
      call.on("data", (part: Buffer) => call.write(part));
      call.on("end", () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, stop: () => server.forceShutdown() };
}
