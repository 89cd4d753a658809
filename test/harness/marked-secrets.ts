import { type KeyObject, randomBytes } from "node:crypto";

/** Shorter pieces could be there by chance. */
const MIN_PIECE = 20;

/** Secrets that are known again wherever they turn up, also encoded. */
export class MarkedSecrets {
  /** What to look for, with the name of the secret that it gives away. */
  readonly #pieces = new Map<string, string>();

  /** A new secret of letters and digits. `name` says in failures which one was found. */
  text(name: string): string {
    const secret = `marked${name.replace(/[^a-z0-9]/gi, "")}${randomBytes(12).toString("hex")}`;
    this.#add(name, Buffer.from(secret));
    return secret;
  }

  /** Secret bytes. */
  bytes(name: string, count: number): Buffer {
    const secret = randomBytes(count);
    this.#add(name, secret);
    return secret;
  }

  /** Knows a private key: the lines of its PEM, and its private number. */
  key(name: string, pem: string, key: KeyObject): void {
    for (const line of pem.split("\n")) {
      if (!line.startsWith("-----") && line.length >= MIN_PIECE) this.#pieces.set(line, name);
    }
    const { d } = key.export({ format: "jwk" });
    if (d !== undefined) this.#add(name, Buffer.from(d, "base64url"));
  }

  /** The names of the secrets in a text, whether as they are, in hex, or in base64 at any offset. */
  foundIn(text: string): string[] {
    const found = new Set<string>();
    for (const [piece, name] of this.#pieces) if (text.includes(piece)) found.add(name);
    return [...found];
  }

  #add(name: string, secret: Buffer): void {
    this.#pieces.set(secret.toString("latin1"), name);
    this.#pieces.set(secret.toString("hex"), name);
    for (const offset of [0, 1, 2]) {
      // The characters at both ends depend on what stands beside.
      const encoded = Buffer.concat([Buffer.alloc(offset), secret]).toString("base64");
      const piece = encoded.slice(offset === 0 ? 0 : 4, (Math.floor((offset + secret.length) / 3) * 4) | 0);
      this.#pieces.set(piece, name);
      this.#pieces.set(piece.replaceAll("+", "-").replaceAll("/", "_"), name);
    }
  }
}
