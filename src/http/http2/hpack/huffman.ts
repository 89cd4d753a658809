/**
 * The Huffman code of header strings (RFC 7541 §5.2, appendix B). The code is canonical: the lengths below, one run of symbols
 * after the other, say all of it. Both directions go by tables that are made once, at load.
 */

/** Pairs of code length and how many symbols in a row have it, from symbol 0 to 256 (the end of a string, never sent). */
const LENGTH_RUNS = [
  13, 1, 23, 1, 28, 7, 24, 1, 30, 1, 28, 2, 30, 1, 28, 8, 30, 1, 28, 9, 6, 1, 10, 2, 12, 1, 13, 1, 6, 1, 8, 1, 11, 1,
  10, 2, 8, 1, 11, 1, 8, 1, 6, 3, 5, 3, 6, 7, 7, 1, 8, 1, 15, 1, 6, 1, 12, 1, 10, 1, 13, 1, 6, 1, 7, 22, 8, 1, 7, 1, 8,
  1, 13, 1, 19, 1, 13, 1, 14, 1, 6, 1, 15, 1, 5, 1, 6, 1, 5, 1, 6, 1, 5, 1, 6, 3, 5, 1, 7, 2, 6, 3, 5, 1, 6, 1, 7, 1, 6,
  1, 5, 2, 6, 1, 7, 5, 15, 1, 11, 1, 14, 1, 13, 1, 28, 1, 20, 1, 22, 1, 20, 2, 22, 3, 23, 1, 22, 1, 23, 5, 24, 1, 23, 1,
  24, 2, 22, 1, 23, 1, 24, 1, 23, 4, 21, 1, 22, 1, 23, 1, 22, 1, 23, 2, 24, 1, 22, 1, 21, 1, 20, 1, 22, 2, 23, 2, 21, 1,
  23, 1, 22, 2, 24, 1, 21, 1, 22, 1, 23, 2, 21, 2, 22, 1, 21, 1, 23, 1, 22, 1, 23, 2, 20, 1, 22, 3, 23, 1, 22, 2, 23, 1,
  26, 2, 20, 1, 19, 1, 22, 1, 23, 1, 22, 1, 25, 1, 26, 3, 27, 2, 26, 1, 24, 1, 25, 1, 19, 1, 21, 1, 26, 1, 27, 2, 26, 1,
  27, 1, 24, 1, 21, 2, 26, 2, 28, 1, 27, 3, 20, 1, 24, 1, 20, 1, 21, 1, 22, 1, 21, 2, 23, 1, 22, 2, 25, 2, 24, 2, 26, 1,
  23, 1, 26, 1, 27, 1, 26, 2, 27, 5, 28, 1, 27, 5, 26, 1, 30, 1,
];
const SYMBOL_COUNT = 257;
const END_OF_STRING = 256;
const LONGEST_CODE = 30;

const codeLengths = new Uint8Array(SYMBOL_COUNT);
const codes = new Uint32Array(SYMBOL_COUNT);

/** The decoder's automaton: a state is an inner node of the code tree, an input four bits. Each entry: next state, symbol, flags. */
const EMITS = 1 << 8;
const FAILS = 1 << 9;
/** What was read since the last symbol may be padding: at most seven bits, all ones. */
const MAY_END = 1 << 10;
const STATE_SHIFT = 11;
let automaton = new Int32Array(0);

makeCodes();
makeAutomaton();

function makeCodes(): void {
  let symbol = 0;
  for (let i = 0; i < LENGTH_RUNS.length; i += 2) {
    for (let n = LENGTH_RUNS[i + 1]!; n > 0; n--) codeLengths[symbol++] = LENGTH_RUNS[i]!;
  }
  let code = 0;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    for (let i = 0; i < SYMBOL_COUNT; i++) if (codeLengths[i] === length) codes[i] = code++;
    code *= 2;
  }
}

function makeAutomaton(): void {
  // Nodes as pairs of children: a symbol is stored as -1 - symbol, 0 is no child (the root is nobody's child).
  const children: number[] = [0, 0];
  const mayEnd: boolean[] = [true];
  for (let symbol = 0; symbol < SYMBOL_COUNT; symbol++) {
    let node = 0;
    for (let bit = codeLengths[symbol]! - 1; bit > 0; bit--) {
      const at = node * 2 + ((codes[symbol]! >>> bit) & 1);
      if (children[at] === 0) {
        children[at] = children.length / 2;
        const depth = codeLengths[symbol]! - bit;
        mayEnd.push(depth < 8 && codes[symbol]! >>> bit === 2 ** depth - 1);
        children.push(0, 0);
      }
      node = children[at]!;
    }
    children[node * 2 + (codes[symbol]! & 1)] = -1 - symbol;
  }
  automaton = new Int32Array((children.length / 2) * 16);
  for (let entry = 0; entry < automaton.length; entry++) automaton[entry] = transition(children, mayEnd, entry);
}

function transition(children: readonly number[], mayEnd: readonly boolean[], entry: number): number {
  let node = entry >> 4;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[node * 2 + ((entry >> bit) & 1)]!;
    if (child >= 0) {
      node = child;
      continue;
    }
    const symbol = -1 - child;
    if (symbol === END_OF_STRING) return FAILS;
    emitted = EMITS | symbol;
    node = 0;
  }
  return (node << STATE_SHIFT) | emitted | (mayEnd[node] ? MAY_END : 0);
}

/** No symbol is shorter than five bits, so a string grows at most by this factor. */
const GROWTH = 8 / 5;

/** How many bytes `byteCount` encoded bytes can become at most. */
export function huffmanDecodedLimit(byteCount: number): number {
  return Math.ceil(byteCount * GROWTH);
}

/**
 * Decodes `data[start, end)` into `target` from its beginning; answers how many bytes there are, or -1 if the bytes are no
 * valid code: the end-of-string symbol inside, or padding that is too long or not all ones. `target` must have room for
 * `huffmanDecodedLimit`.
 */
export function decodeHuffman(data: Buffer, start: number, end: number, target: Buffer): number {
  let entry = MAY_END;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = data[i]!;
    entry = automaton[((entry >> STATE_SHIFT) << 4) | (byte >> 4)]!;
    if ((entry & (EMITS | FAILS)) !== 0) {
      if ((entry & FAILS) !== 0) return -1;
      target[length++] = entry & 0xff;
    }
    entry = automaton[((entry >> STATE_SHIFT) << 4) | (byte & 15)]!;
    if ((entry & (EMITS | FAILS)) !== 0) {
      if ((entry & FAILS) !== 0) return -1;
      target[length++] = entry & 0xff;
    }
  }
  return (entry & MAY_END) !== 0 ? length : -1;
}

/** How many bytes `text` (latin1) takes when it is encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeLengths[text.charCodeAt(i) & 0xff]!;
  return (bits + 7) >> 3;
}

/** Encodes `text` (latin1) at `target[at]`; answers the position behind it. There must be room for `huffmanLength`. */
export function encodeHuffman(text: string, target: Buffer, at: number): number {
  let position = at;
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    const length = codeLengths[symbol]!;
    const code = codes[symbol]!;
    if (length > 24) {
      // The first bits apart, so that everything fits into 32.
      const low = length - 16;
      pending = (pending << 16) | (code >>> low);
      pendingBits += 16;
      for (; pendingBits >= 8; pendingBits -= 8) target[position++] = (pending >>> (pendingBits - 8)) & 0xff;
      pending = (pending << low) | (code & ((1 << low) - 1));
      pendingBits += low;
    } else {
      pending = (pending << length) | code;
      pendingBits += length;
    }
    for (; pendingBits >= 8; pendingBits -= 8) target[position++] = (pending >>> (pendingBits - 8)) & 0xff;
  }
  if (pendingBits > 0) target[position++] = ((pending << (8 - pendingBits)) | (0xff >> pendingBits)) & 0xff;
  return position;
}
