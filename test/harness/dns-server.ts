import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIP } from "node:net";

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NXDOMAIN = 3;
const HEADER_BYTES = 12;

/** Addresses of a name, or how else to answer: `SERVFAIL`, or `silence`. */
export type DnsRecords = readonly string[] | "SERVFAIL" | "silence";

/** A name server on a loopback port that answers A and AAAA questions by real UDP packets (RFC 1035 §4). Unknown names do not exist. */
export class DnsServer {
  readonly port: number;
  /** `name A` or `name AAAA`, in the order of the questions. */
  readonly questions: string[] = [];
  readonly #socket: Socket;
  readonly #names = new Map<string, { readonly records: DnsRecords; readonly ttlS: number }>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on("message", (query, peer) => this.#answer(query, peer));
    socket.on("error", () => {});
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new DnsServer(socket);
  }

  set(name: string, records: DnsRecords, ttlS = 60): void {
    this.#names.set(name.toLowerCase(), { records, ttlS });
  }

  remove(name: string): void {
    this.#names.delete(name.toLowerCase());
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer, peer: RemoteInfo): void {
    const { name, type, end } = readQuestion(query);
    this.questions.push(`${name} ${type === TYPE_AAAA ? "AAAA" : type === TYPE_A ? "A" : type}`);
    const known = this.#names.get(name.toLowerCase());
    if (known?.records === "silence") return;
    const family = type === TYPE_AAAA ? 6 : 4;
    const addresses = Array.isArray(known?.records) ? known.records.filter((each) => isIP(each) === family) : [];
    const code = known === undefined ? NXDOMAIN : known.records === "SERVFAIL" ? 2 : 0;
    const header = Buffer.from(query.subarray(0, HEADER_BYTES));
    header.writeUInt16BE(0x8580 | code, 2);
    header.writeUInt16BE(addresses.length, 6);
    header.writeUInt32BE(0, 8);
    const answers = addresses.map((address) => record(type, address, known?.ttlS ?? 0));
    this.#socket.send(Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...answers]), peer.port, peer.address);
  }
}

function readQuestion(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** One answer; its name points at the question's. */
function record(type: number, address: string, ttlS: number): Buffer {
  const data = type === TYPE_A ? Buffer.from(address.split(".").map(Number)) : ipv6Bytes(address);
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(0xc00c, 0);
  fixed.writeUInt16BE(type, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(ttlS, 6);
  fixed.writeUInt16BE(data.length, 10);
  return Buffer.concat([fixed, data]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const groups = (text: string | undefined): number[] =>
    (text ?? "").split(":").flatMap((group) => (group === "" ? [] : Number.parseInt(group, 16)));
  const [front, back] = [groups(head), groups(tail)];
  const bytes = Buffer.alloc(16);
  for (const [i, group] of front.entries()) bytes.writeUInt16BE(group, 2 * i);
  for (const [i, group] of back.entries()) bytes.writeUInt16BE(group, 16 - 2 * (back.length - i));
  return bytes;
}
