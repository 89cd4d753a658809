import { Buffer } from "node:buffer";
import { HelloFields } from "./hello-fields.ts";

const NO_BYTES = Buffer.alloc(0);
const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const MAX_RECORD_BYTES = 16 * 1024;
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;

/** What a reader knows by now. `notTls`: what came is no ClientHello; `tooLarge`: it says that it is longer than allowed. */
export type HelloState = "moreData" | "found" | "notTls" | "tooLarge";

/**
 * Reads the ClientHello at the beginning of a connection: the server name and the protocols that the client offers. The hello may be cut into
 * records and reads in any way; each byte is looked at once. Knows TLS 1.0 to 1.3, whose hellos are alike. Sources: RFC 8446 section 4.1.2 and
 * 5.1, RFC 6066 section 3, RFC 7301 section 3.1.
 */
export class ClientHelloReader {
  /** In lower case; `""` if the hello names none. */
  serverName = "";
  applicationProtocols: readonly string[] = [];
  /** The hello without its header, once it is found. */
  hello: Buffer = NO_BYTES;
  readonly #maxHelloBytes: number;
  /** Where the next record begins. */
  #at = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** Of the hello with its header, once that is there. */
  #helloBytes = 0;

  constructor(maxHelloBytes: number) {
    this.#maxHelloBytes = maxHelloBytes;
  }

  /** `bytes` is all that has come so far. */
  read(bytes: Buffer): HelloState {
    for (;;) {
      const early = this.#recordProblem(bytes);
      if (early !== null) return early;
      const length = bytes.readUInt16BE(this.#at + 3);
      const begin = this.#at + RECORD_HEADER_BYTES;
      if (bytes.length < begin + length) return "moreData";
      // A copy: the buffer it came in is another one with the next read.
      this.#parts.push(Buffer.from(bytes.subarray(begin, begin + length)));
      this.#partBytes += length;
      this.#at = begin + length;
      const state = this.#readMessage();
      if (state !== "moreData") return state;
    }
  }

  /** What the header of the next record says against reading it, as far as it is there. */
  #recordProblem(bytes: Buffer): HelloState | null {
    const at = this.#at;
    if (bytes.length > at && bytes[at] !== HANDSHAKE_RECORD) return "notTls";
    if (bytes.length > at + 1 && bytes[at + 1] !== 3) return "notTls";
    if (bytes.length < at + RECORD_HEADER_BYTES) return "moreData";
    const length = bytes.readUInt16BE(at + 3);
    return length === 0 || length > MAX_RECORD_BYTES ? "notTls" : null;
  }

  #readMessage(): HelloState {
    if (this.#helloBytes === 0) {
      if (this.#partBytes < HANDSHAKE_HEADER_BYTES) return "moreData";
      const header = Buffer.concat(this.#parts);
      this.#parts = [header];
      if (header[0] !== CLIENT_HELLO) return "notTls";
      this.#helloBytes = HANDSHAKE_HEADER_BYTES + header.readUIntBE(1, 3);
    }
    if (this.#helloBytes > this.#maxHelloBytes) return "tooLarge";
    if (this.#partBytes < this.#helloBytes) return "moreData";
    const hello = Buffer.concat(this.#parts).subarray(HANDSHAKE_HEADER_BYTES, this.#helloBytes);
    this.#parts = [];
    this.hello = hello;
    return this.#readHello(new HelloFields(hello)) ? "found" : "notTls";
  }

  #readHello(hello: HelloFields): boolean {
    hello.skip(2 + 32);
    hello.block(1);
    hello.block(2);
    hello.block(1);
    if (hello.isAtEnd) return !hello.isBroken;
    const extensions = hello.block(2);
    while (!extensions.isAtEnd) {
      const type = extensions.number(2);
      const body = extensions.block(2);
      if (type === SERVER_NAME) this.serverName = serverName(body);
      else if (type === ALPN) this.applicationProtocols = protocols(body);
      if (body.isBroken) return false;
    }
    return !extensions.isBroken && !hello.isBroken;
  }
}

function serverName(body: HelloFields): string {
  const names = body.block(2);
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.block(2);
    if (type === 0 && !names.isBroken) return name.text().toLowerCase();
  }
  if (names.isBroken) body.isBroken = true;
  return "";
}

function protocols(body: HelloFields): string[] {
  const list = body.block(2);
  const found: string[] = [];
  while (!list.isAtEnd) found.push(list.block(1).text());
  if (list.isBroken) body.isBroken = true;
  return found;
}
