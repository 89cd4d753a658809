/** A gRPC message is preceded by one byte of flags and four of length. */
const FRAME_HEAD_BYTES = 5;
/** Health messages are tiny; more is no health message. */
const MAX_MESSAGE_BYTES = 65_536;
const SERVING = 1;

/** A `grpc.health.v1.HealthCheckRequest` in its frame. */
export function healthCheckRequest(serviceName: string): Buffer {
  const name = Buffer.from(serviceName);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Collects the body of the answer to a health check. */
export class HealthCheckResponse {
  #bytes: Buffer = Buffer.alloc(0);
  #tooLong = false;

  /** Keeps a copy. */
  add(data: Buffer): void {
    if (this.#bytes.length + data.length > FRAME_HEAD_BYTES + MAX_MESSAGE_BYTES) this.#tooLong = true;
    else this.#bytes = Buffer.concat([this.#bytes, data]);
  }

  /** Whether the body is one uncompressed `grpc.health.v1.HealthCheckResponse` that says SERVING. */
  get isServing(): boolean {
    const bytes = this.#bytes;
    if (this.#tooLong || bytes.length < FRAME_HEAD_BYTES || bytes[0] !== 0) return false;
    if (bytes.readUInt32BE(1) !== bytes.length - FRAME_HEAD_BYTES) return false;
    return statusOf(bytes.subarray(FRAME_HEAD_BYTES)) === SERVING;
  }
}

/** Field 1 of the message, the last one if there are several; 0 if there is none, -1 if this is no message. Fields of other numbers are skipped. */
function statusOf(message: Buffer): number {
  let status = 0;
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    if (tag === null) return -1;
    at = tag.end;
    const value = readValue(message, at, tag.value & 7);
    if (value === null) return -1;
    if (tag.value === 0x08) status = value.value;
    at = value.end;
  }
  return status;
}

interface Read {
  readonly value: number;
  readonly end: number;
}

function readValue(message: Buffer, at: number, wireType: number): Read | null {
  if (wireType === 0) return readVarint(message, at);
  const length = wireType === 1 ? { value: 8, end: at } : wireType === 5 ? { value: 4, end: at } : null;
  const skipped = wireType === 2 ? readVarint(message, at) : length;
  if (skipped === null || skipped.end + skipped.value > message.length) return null;
  return { value: 0, end: skipped.end + skipped.value };
}

function readVarint(message: Buffer, from: number): Read | null {
  let value = 0;
  for (let at = from, scale = 1; at < message.length && at < from + 10; at++, scale *= 128) {
    const byte = message[at]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return null;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
