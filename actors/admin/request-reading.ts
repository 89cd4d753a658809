import type { IncomingMessage } from "node:http";
import type { AdminRequest } from "../../src/admin/admin-handler.ts";

/** A form longer than this is not taken apart; no page of the admin interface has one. */
const MAX_FORM_LENGTH = 64 * 1024;

/** The body is longer than allowed. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
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

/** Reads a request whole. Rejects with `BodyTooLarge`, or if the client goes away. */
export async function readRequest(message: IncomingMessage, limitBytes: number): Promise<AdminRequest> {
  const body = await readBody(message, limitBytes);
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

async function readBody(message: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // The connection is still needed for the answer that says so.
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > limitBytes) throw new BodyTooLarge(`the body is longer than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
