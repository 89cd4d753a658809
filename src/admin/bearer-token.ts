import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

/** A token that can be guessed is none. */
const MIN_CHARS = 16;
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The token that requests to the admin interface must bring (RFC 6750). Only its digest is kept. */
export class BearerToken {
  readonly #digest: Buffer;

  /** Throws if it is too short, or has characters that no header can carry. */
  constructor(token: string) {
    if (token.length < MIN_CHARS) throw new Error(`the token must have at least ${MIN_CHARS} characters`);
    if (!TOKEN.test(token)) throw new Error("the token may have letters, digits and -._~+/ only, and = at its end");
    this.#digest = digestOf(token);
  }

  /** From a file, without the white space around it. Throws if it can't be read or holds no token. */
  static fromFile(path: string): BearerToken {
    return new BearerToken(readFileSync(path, "utf8").trim());
  }

  /** Whether an `authorization` header brings it. Takes the same time whatever is wrong with it. */
  isIn(authorization: string | undefined): boolean {
    const match = /^Bearer +(\S+)$/i.exec(authorization ?? "");
    return timingSafeEqual(digestOf(match?.[1] ?? ""), this.#digest) && match !== null;
  }
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
