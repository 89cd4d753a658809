import { isWritableValue } from "../../http1/characters.ts";
import { FieldKind, type FieldName, fieldName } from "../field-name.ts";
import { ENTRY_OVERHEAD_BYTES } from "./dynamic-table.ts";
import { encodeHuffman, huffmanLength } from "./huffman.ts";
import { STATIC_COUNT, STATIC_VALUES } from "./static-table.ts";

const DEFAULT_TABLE_BYTES = 4096;
/** How many values of one name are compared with before it is sent as it is. */
const CHAIN_LIMIT = 8;

/** Short cookies could be guessed, one try after the other, by the length of what is sent. As in nghttp2. */
const SHORT_COOKIE = 20;

/**
 * What is encoded anew each time and is no longer than this is sent as it is: Huffman's code would save a few bytes (some ten of a request id),
 * and took a twentieth of a proxy's time.
 */
const PLAIN_LIMIT = 64;

/** How a literal begins (RFC 7541 §6.2). */
const WITH_INDEXING = 0x40;
const WITHOUT_INDEXING = 0x00;
const NEVER_INDEXED = 0x10;

/** A field in the dynamic table. */
interface EncoderEntry {
  readonly name: string;
  readonly value: string;
  /** How many were added before it, ever. */
  readonly number: number;
  /** Neighbours in the table with the same name. */
  older: EncoderEntry | null;
  newer: EncoderEntry | null;
}

/** Encodes header blocks (RFC 7541) of one direction of one connection. */
export class HpackEncoder {
  /** Live entries by number, oldest first, in a window of this array that is moved down now and then. */
  #entries: EncoderEntry[] = [];
  #firstAt = 0;
  /** The newest entry of each name in the table. */
  readonly #newest = new Map<string, EncoderEntry>();
  #added = 0;
  #sizeBytes = 0;
  readonly #ownLimitBytes: number;
  #limitBytes = DEFAULT_TABLE_BYTES;
  /** The smallest limit since the last block; -1 if it has not changed. */
  #smallestDue = -1;
  #target!: Buffer;
  #at = 0;

  /** `ownLimitBytes`: how large a table is kept, whatever the peer would allow. */
  constructor(ownLimitBytes: number) {
    this.#ownLimitBytes = ownLimitBytes;
    if (ownLimitBytes < DEFAULT_TABLE_BYTES) this.setPeerLimit(DEFAULT_TABLE_BYTES);
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; announced with the next block. */
  setPeerLimit(peerLimitBytes: number): void {
    const limit = Math.min(peerLimitBytes, this.#ownLimitBytes);
    if (limit === this.#limitBytes && this.#smallestDue === -1) return;
    this.#smallestDue = this.#smallestDue === -1 ? limit : Math.min(this.#smallestDue, limit);
    this.#limitBytes = limit;
    this.#evictTo(limit);
  }

  /** How many bytes a block of these fields can take at most, pseudo-headers given by their number and total length. */
  static roomFor(list: readonly string[], pseudoCount: number, pseudoLength: number): number {
    // Two table sizes, and for each field its prefix and two lengths of up to five bytes.
    let room = 12 + pseudoCount * 12 + pseudoLength;
    for (let i = 0; i < list.length; i++) room += list[i]!.length + 6;
    return room;
  }

  /** Starts a block at `target[at]`, which must have `roomFor` it. */
  begin(target: Buffer, at: number): void {
    this.#target = target;
    this.#at = at;
    if (this.#smallestDue === -1) return;
    if (this.#smallestDue < this.#limitBytes) this.#integer(0x20, 5, this.#smallestDue);
    this.#integer(0x20, 5, this.#limitBytes);
    this.#smallestDue = -1;
  }

  /** Ends the block; answers the position behind it. */
  end(): number {
    return this.#at;
  }

  /** Writes an entry of the static table. */
  staticField(index: number): void {
    this.#target[this.#at++] = 0x80 | index;
  }

  /**
   * Writes a field. Left out: what HTTP/2 has no place for (connection headers, `host`, `te` but for `trailers`), a name
   * that is no lower-case token, a value that would be more than one line.
   */
  field(name: string, value: string): void {
    const known = fieldName(name);
    if (known.kind === FieldKind.dropped || (known.kind === FieldKind.te && value !== "trailers")) return;
    const newest = this.#newest.get(name);
    if (newest !== undefined) {
      const entry = this.#find(newest, value);
      if (entry !== null) {
        this.#integer(0x80, 7, this.#indexOf(entry));
        return;
      }
    }
    if (value !== "" && STATIC_VALUES[known.staticIndex] === value) this.staticField(known.staticIndex);
    else if (isWritableValue(value)) this.#newField(known, name, value, newest);
  }

  #newField({ kind, staticIndex }: FieldName, name: string, value: string, newest: EncoderEntry | undefined): void {
    const nameIndex = staticIndex !== 0 || newest === undefined ? staticIndex : this.#indexOf(newest);
    if (kind === FieldKind.neverIndexed || (kind === FieldKind.cookie && value.length < SHORT_COOKIE)) {
      this.#literal(NEVER_INDEXED, 4, nameIndex, name, value);
    } else if (kind === FieldKind.notIndexed || this.#sizeOf(name, value) > this.#limitBytes >> 1) {
      this.#literal(WITHOUT_INDEXING, 4, nameIndex, name, value);
    } else {
      this.#literal(WITH_INDEXING, 6, nameIndex, name, value);
      this.#add(name, value);
    }
  }

  #find(newest: EncoderEntry, value: string): EncoderEntry | null {
    let entry: EncoderEntry | null = newest;
    for (let tries = 0; entry !== null && tries < CHAIN_LIMIT; tries++) {
      if (entry.value === value) return entry;
      entry = entry.older;
    }
    return null;
  }

  #indexOf(entry: EncoderEntry): number {
    return STATIC_COUNT + this.#added - entry.number;
  }

  #sizeOf(name: string, value: string): number {
    return name.length + value.length + ENTRY_OVERHEAD_BYTES;
  }

  #add(name: string, value: string): void {
    const size = this.#sizeOf(name, value);
    this.#evictTo(this.#limitBytes - size);
    const older = this.#newest.get(name) ?? null;
    const entry = { name, value, number: this.#added++, older, newer: null };
    if (older !== null) older.newer = entry;
    this.#entries.push(entry);
    this.#newest.set(name, entry);
    this.#sizeBytes += size;
  }

  #evictTo(bytes: number): void {
    while (this.#sizeBytes > bytes && this.#firstAt < this.#entries.length) {
      const entry = this.#entries[this.#firstAt++]!;
      this.#sizeBytes -= this.#sizeOf(entry.name, entry.value);
      if (entry.newer === null) this.#newest.delete(entry.name);
      else entry.newer.older = null;
      // Or an old entry that is gone would keep all that came after it.
      entry.newer = null;
    }
    if (this.#firstAt > 64 && this.#firstAt * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#firstAt);
      this.#firstAt = 0;
    }
  }

  #literal(kind: number, prefixBits: number, nameIndex: number, name: string, value: string): void {
    this.#integer(kind, prefixBits, nameIndex);
    if (nameIndex === 0) this.#string(name);
    if (value.length > PLAIN_LIMIT || kind === WITH_INDEXING) this.#string(value);
    else this.#plain(value);
  }

  #integer(kind: number, prefixBits: number, value: number): void {
    const target = this.#target;
    const most = (1 << prefixBits) - 1;
    if (value < most) {
      target[this.#at++] = kind | value;
      return;
    }
    target[this.#at++] = kind | most;
    let rest = value - most;
    for (; rest >= 0x80; rest >>>= 7) target[this.#at++] = 0x80 | (rest & 0x7f);
    target[this.#at++] = rest;
  }

  #plain(text: string): void {
    this.#integer(0, 7, text.length);
    const target = this.#target;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) target[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  #string(text: string): void {
    const length = huffmanLength(text);
    if (length < text.length) {
      this.#integer(0x80, 7, length);
      this.#at = encodeHuffman(text, this.#target, this.#at);
      return;
    }
    this.#integer(0, 7, text.length);
    this.#at += this.#target.write(text, this.#at, "latin1");
  }
}
