import type { TestContext } from "node:test";
import { GrpcFrameReader, grpcFrame } from "../../../../src/http/grpc/grpc-frames.ts";
import { startGrpcEcho } from "../../../harness/grpc-echo.ts";
import type { Proxied, ProxiedOptions } from "../proxied.ts";
import { filtered } from "./filtered.ts";

/** A data path with this filter before a gRPC server of grpc-js. */
export async function grpcProxied(
  test: TestContext,
  filter: string,
  message: string,
  fields: object = {},
  options: ProxiedOptions = {},
): Promise<Proxied> {
  const server = await startGrpcEcho();
  test.after(() => server.stop());
  return filtered(test, filter, message, fields, {
    port: server.port,
    cluster: { http2_protocol_options: {} },
    ...options,
  });
}

/** A frame as the latin1 text that test clients send. */
export function frameText(message: string): string {
  return grpcFrame(Buffer.from(message)).toString("latin1");
}

/** The frames of a body in latin1: flags and text of each. */
export function framesOf(body: string): string[] {
  const bytes = Buffer.from(body, "latin1");
  const frames: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    frames.push(`${bytes[at]} ${bytes.toString("latin1", at + 5, end)}`);
    at = end;
  }
  return frames;
}

/** The text of the only message in a body. */
export function messageOf(body: string): string | undefined {
  const reader = new GrpcFrameReader(1 << 20);
  reader.push(Buffer.from(body, "latin1"));
  return reader.next()?.message.toString("latin1");
}
