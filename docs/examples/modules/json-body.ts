// Hides fields of JSON responses: `config: { hide: [password] }`. Bodies over 1 MiB pass as they are.
import type { ModuleStream } from "../../../src/extensions/http/module/contract.ts";

const LIMIT_BYTES = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

interface Collected {
  pieces: Buffer[];
  lengthBytes: number;
}

export function encodeHeaders(stream: ModuleStream, endStream: boolean): void {
  const isJson = stream.response?.get("content-type")?.startsWith("application/json") === true;
  if (isJson && !endStream) stream.state = { pieces: [], lengthBytes: 0 } satisfies Collected;
}

/** What it returns takes the place of the piece: nothing until the end, then the whole. */
export function encodeData(stream: ModuleStream, bytes: Buffer, endStream: boolean): Buffer | undefined {
  const collected = stream.state as Collected | undefined;
  if (collected === undefined) return undefined;
  collected.pieces.push(bytes);
  collected.lengthBytes += bytes.length;
  if (collected.lengthBytes > LIMIT_BYTES) {
    stream.state = undefined;
    return Buffer.concat(collected.pieces);
  }
  return endStream ? withoutHidden(Buffer.concat(collected.pieces), stream.config) : NOTHING;
}

function withoutHidden(body: Buffer, config: unknown): Buffer {
  const hide = new Set((config as { hide?: string[] } | null)?.hide ?? []);
  const visible = (name: string, value: unknown): unknown => (hide.has(name) ? undefined : value);
  return Buffer.from(JSON.stringify(JSON.parse(body.toString()), visible));
}
