import type { IncomingMessage, ServerResponse } from "node:http";
import type { AdminRequest } from "../../src/admin/admin-handler.ts";

/** A form longer than this is not taken apart; no page of the admin interface has one. */
const MAX_FORM_LENGTH = 64 * 1024;

/** The body is not read to its end: it is longer than allowed (413), or there are too many long ones (503). */
export class BodyRefused extends Error {
  override readonly name = "BodyRefused";
  readonly status: 413 | 503;

  constructor(status: 413 | 503, message: string) {
    super(message);
    this.status = status;
  }
}

/** How many bytes of bodies may be held. */
export class BodyBudget {
  readonly #eachBytes: number;
  #leftBytes: number;

  /** Of one request, and of all together. */
  constructor(eachBytes: number, allBytes: number) {
    this.#eachBytes = eachBytes;
    this.#leftBytes = allBytes;
  }

  /** Takes `bytes` for a request that is `length` long with them. Throws `BodyRefused`, and has taken nothing then. */
  take(bytes: number, length: number): void {
    if (length > this.#eachBytes) throw new BodyRefused(413, `the body is longer than ${sizeText(this.#eachBytes)}`);
    if (bytes > this.#leftBytes) throw new BodyRefused(503, "too many long requests at once: try again");
    this.#leftBytes -= bytes;
  }

  giveBack(bytes: number): void {
    this.#leftBytes += bytes;
  }
}

function sizeText(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${bytes} bytes`;
}

/** What of a request is known before its body. */
export function readHead(message: IncomingMessage): Pick<AdminRequest, "method" | "path" | "headers"> {
  const target = message.url ?? "/";
  const question = target.indexOf("?");
  const fetchSite = message.headers["sec-fetch-site"];
  return {
    method: message.method ?? "GET",
    path: question === -1 ? target : target.slice(0, question),
    headers: {
      host: message.headers.host,
      authorization: message.headers.authorization,
      origin: message.headers.origin,
      "sec-fetch-site": Array.isArray(fetchSite) ? fetchSite[0] : fetchSite,
      "content-type": message.headers["content-type"],
    },
  };
}

/** Reads a request whole; its body counts until the response is over. Rejects with `BodyRefused`, or if the client goes away. */
export async function readRequest(
  message: IncomingMessage,
  response: ServerResponse,
  budget: BodyBudget,
): Promise<AdminRequest> {
  const body = await readBody(message, response, budget);
  const target = message.url ?? "/";
  const question = target.indexOf("?");
  const params = new URLSearchParams(question === -1 ? "" : target.slice(question + 1));
  const head = readHead(message);
  const contentType = head.headers["content-type"];
  if (contentType?.startsWith("application/x-www-form-urlencoded") === true && body.length <= MAX_FORM_LENGTH) {
    for (const [name, value] of new URLSearchParams(body)) params.append(name, value);
  }
  return { ...head, params, body };
}

async function readBody(message: IncomingMessage, response: ServerResponse, budget: BodyBudget): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  response.once("close", () => budget.giveBack(length));
  // The connection is still needed for the answer that says so.
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    budget.take(chunk.length, length + chunk.length);
    length += chunk.length;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
