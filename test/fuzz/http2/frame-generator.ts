import {
  dataFrame,
  type Fields,
  frame,
  goAwayFrame,
  headersFrame,
  pingFrame,
  plainBlock,
  rstFrame,
  SETTINGS_ACK,
  settingsFrame,
  windowUpdateFrame,
} from "../../harness/http2-wire.ts";
import type { SeededRandom } from "../../harness/seeded-random.ts";

const NAMES = [
  "x-a",
  "cookie",
  "host",
  "te",
  "content-length",
  "expect",
  "connection",
  "X-A",
  ":path",
  ":evil",
  "",
  "x\0",
];
const VALUES = ["", "a", "trailers", "3", "100-continue", "close", "b\r\nc", "\0", "é", "x".repeat(300)];
const METHODS = ["GET", "POST", "HEAD", "CONNECT", "G T", ""];

/** Frames of a client that mostly keeps to the rules, and sometimes to none. */
export class FrameGenerator {
  readonly #random: SeededRandom;
  #nextStreamId = 1;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** One frame, or a few that belong together. */
  next(): Buffer {
    const random = this.#random;
    const bytes = this.#frame();
    if (!random.oneIn(30)) return bytes;
    const broken = Buffer.from(bytes);
    if (random.oneIn(2)) broken[random.below(broken.length)] = random.below(256);
    return random.oneIn(3) ? broken.subarray(0, random.below(broken.length + 1)) : broken;
  }

  #frame(): Buffer {
    const random = this.#random;
    switch (random.below(14)) {
      case 0:
      case 1:
      case 2:
        return headersFrame(this.#newStream(), this.#request(), random.oneIn(2));
      case 3:
        return this.#splitHeaders();
      case 4:
      case 5:
        return dataFrame(this.#stream(), Buffer.alloc(random.below(random.oneIn(10) ? 17_000 : 100)), random.oneIn(3));
      case 6:
        return this.#padded();
      case 7:
        return rstFrame(this.#stream(), random.below(16));
      case 8:
        return windowUpdateFrame(random.oneIn(3) ? 0 : this.#stream(), random.oneIn(20) ? 0 : random.below(2 ** 17));
      case 9:
        return random.oneIn(2) ? pingFrame() : SETTINGS_ACK;
      case 10:
        return settingsFrame(1 + random.below(8), random.pick([0, 1, 100, 16_384, 65_535, 100_000, 2 ** 31]));
      case 11:
        return headersFrame(this.#stream(), random.oneIn(2) ? ["x-sum", "1"] : this.#request(), !random.oneIn(4));
      case 12:
        return random.oneIn(10) ? goAwayFrame(this.#stream(), 0) : frame(2, 0, this.#stream(), Buffer.alloc(5));
      default:
        return frame(
          random.below(20),
          random.below(256),
          this.#stream(),
          Buffer.alloc(random.below(20), random.below(256)),
        );
    }
  }

  #request(): Fields {
    const random = this.#random;
    const pseudo = [
      ":method",
      random.pick(METHODS.slice(0, random.oneIn(10) ? 6 : 3)),
      ":scheme",
      "http",
      ":path",
      "/",
      ":authority",
      "a",
    ];
    const fields = random.oneIn(20) ? pseudo.slice(2 * random.below(4)) : pseudo;
    for (let n = random.below(4); n > 0; n--) {
      const strange = random.oneIn(15);
      fields.push(
        random.pick(NAMES.slice(0, strange ? NAMES.length : 2)),
        random.pick(VALUES.slice(0, strange ? VALUES.length : 2)),
      );
    }
    return fields;
  }

  #splitHeaders(): Buffer {
    const random = this.#random;
    const block = plainBlock(this.#request());
    const id = this.#newStream();
    const cut = random.below(block.length + 1);
    const parts = [frame(1, random.below(2), id, block.subarray(0, cut))];
    if (random.oneIn(10)) parts.push(this.#frame());
    parts.push(frame(9, 4, id, block.subarray(cut)));
    return Buffer.concat(parts);
  }

  #padded(): Buffer {
    const random = this.#random;
    const padding = random.below(20);
    const body = Buffer.concat([
      Buffer.from([padding]),
      Buffer.alloc(random.below(50)),
      Buffer.alloc(random.oneIn(10) ? 0 : padding),
    ]);
    return frame(0, 8 | random.below(2), this.#stream(), body);
  }

  #newStream(): number {
    const id = this.#nextStreamId;
    this.#nextStreamId += this.#random.oneIn(30) ? 1 : 2;
    return id;
  }

  /** Mostly one of the last few. */
  #stream(): number {
    const random = this.#random;
    return random.oneIn(15) ? random.below(40) : Math.max(1, this.#nextStreamId - 2 - 2 * random.below(4));
  }
}
