import { internHeaderName } from "../../header-map.ts";
import { TOKEN_LOWER } from "../../http1/characters.ts";
import { DynamicTable, type FieldProblem } from "./dynamic-table.ts";
import { decodeHuffman, huffmanDecodedLimit } from "./huffman.ts";
import { STATIC_COUNT, STATIC_NAMES, STATIC_VALUES } from "./static-table.ts";

/** Takes the fields of a header block as they are decoded. */
export interface HeaderSink {
  /**
   * `name` is interned and `value` latin1 without white space around it, both as sent otherwise. `problem` says what can't
   * be in a header: a name that is no lower-case token, or a value with control characters.
   */
  onField(name: string, value: string, problem: FieldProblem): void;
}

const DEFAULT_TABLE_BYTES = 4096;
/** Above this, a decoded string shares no memory with what is kept of it. */
const SCRATCH_BYTES = 16 * 1024;
/** What ends a line, and all else that no value may hold (RFC 9113 §8.2.1; Envoy refuses all control characters but tab). */
const BAD_VALUE = /[\0-\x08\x0a-\x1f\x7f]/;

/** The thread's buffer for strings that were Huffman-coded. Grows to the longest of them, which limits of frames bound. */
let scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/**
 * Decodes header blocks (RFC 7541) of one direction of one connection. Bounded: the dynamic table by its limit, a block by
 * its user, who bounds its bytes; a repeated reference costs no memory here.
 */
export class HpackDecoder {
  readonly #table = new DynamicTable(DEFAULT_TABLE_BYTES);
  /** What the peer may set the table to. */
  #limitBytes = DEFAULT_TABLE_BYTES;
  /** The next block has to begin with a smaller table (§4.2). */
  #updateDue = false;
  // The block being decoded.
  #data!: Buffer;
  #at = 0;
  #end = 0;

  /** The value of our SETTINGS_HEADER_TABLE_SIZE, once the peer has acknowledged it. */
  setLimit(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    if (this.#table.limitBytes > limitBytes) this.#updateDue = true;
  }

  /** Bytes in the dynamic table, as the RFC counts them. */
  get tableBytes(): number {
    return this.#table.sizeBytes;
  }

  /**
   * Decodes one whole block. False if it is broken: the tables of both sides differ from now on, so the connection must end
   * (COMPRESSION_ERROR). The sink has seen a part of it then.
   */
  decode(data: Buffer, start: number, end: number, sink: HeaderSink): boolean {
    this.#data = data;
    this.#at = start;
    this.#end = end;
    let updatesAllowed = true;
    while (this.#at < end) {
      const byte = data[this.#at]!;
      if ((byte & 0xe0) === 0x20) {
        if (!updatesAllowed || !this.#resizeTable()) return false;
        continue;
      }
      if (this.#updateDue) return false;
      updatesAllowed = false;
      if (byte >= 0x80) {
        if (!this.#indexedField(sink)) return false;
      } else if (byte >= 0x40) {
        if (!this.#literalField(6, true, sink)) return false;
      } else if (!this.#literalField(4, false, sink)) return false;
    }
    return true;
  }

  #resizeTable(): boolean {
    const limit = this.#integer(5);
    if (limit < 0 || limit > this.#limitBytes) return false;
    this.#table.setLimit(limit);
    this.#updateDue = false;
    return true;
  }

  #indexedField(sink: HeaderSink): boolean {
    const index = this.#integer(7);
    if (index <= 0) return false;
    if (index <= STATIC_COUNT) {
      sink.onField(STATIC_NAMES[index]!, STATIC_VALUES[index]!, "");
      return true;
    }
    const age = index - STATIC_COUNT - 1;
    const table = this.#table;
    if (age >= table.count) return false;
    sink.onField(table.name(age), table.value(age), table.problem(age));
    return true;
  }

  #literalField(prefixBits: number, adds: boolean, sink: HeaderSink): boolean {
    const index = this.#integer(prefixBits);
    if (index < 0) return false;
    let name: string;
    let problem: FieldProblem = "";
    if (index === 0) {
      const raw = this.#string();
      if (raw === null) return false;
      if (isHeaderName(raw)) name = internHeaderName(raw);
      else {
        name = raw;
        problem = "name";
      }
    } else if (index <= STATIC_COUNT) {
      name = STATIC_NAMES[index]!;
    } else {
      const age = index - STATIC_COUNT - 1;
      if (age >= this.#table.count) return false;
      name = this.#table.name(age);
      if (this.#table.problem(age) === "name") problem = "name";
    }
    const raw = this.#string();
    if (raw === null) return false;
    if (problem === "" && BAD_VALUE.test(raw)) problem = "value";
    // The table counts what was sent.
    if (adds) this.#table.add(name, raw, problem);
    sink.onField(name, raw, problem);
    return true;
  }

  /** A number with a prefix of so many bits (§5.1); -1 if it is cut off, or larger than anything here can be. */
  #integer(prefixBits: number): number {
    const data = this.#data;
    const most = (1 << prefixBits) - 1;
    let value = data[this.#at++]! & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) return -1;
      const byte = data[this.#at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  /** A string (§5.2) as latin1; null if it is cut off or no valid Huffman code. */
  #string(): string | null {
    if (this.#at >= this.#end) return null;
    const huffman = this.#data[this.#at]! >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    if (length < 0 || length > this.#end - start) return null;
    this.#at = start + length;
    if (!huffman) return this.#data.toString("latin1", start, start + length);
    const room = huffmanDecodedLimit(length);
    if (room > scratch.length) scratch = Buffer.allocUnsafeSlow(room);
    const decoded = decodeHuffman(this.#data, start, start + length, scratch);
    return decoded < 0 ? null : scratch.toString("latin1", 0, decoded);
  }
}

/** Whether `text` is a lower-case token, or one behind the colon of a pseudo-header. */
function isHeaderName(text: string): boolean {
  const start = text.charCodeAt(0) === 0x3a ? 1 : 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (TOKEN_LOWER[code] !== code) return false;
  }
  return text.length > start;
}
