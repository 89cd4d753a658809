import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from "node:http";
import { text } from "node:stream/consumers";
import { EventStreamParser } from "../admin/page/event-stream.ts";
import { type AdminAddress, DEFAULT_ADMIN, showAdminAddress } from "./admin-address.ts";
import { CommandFailure, EXIT } from "./command-failure.ts";

/** No answer after so long means that there will be none: of a page, of the samples that come each second, and of a command, which may be a reload. */
const PAGE_QUIET_MS = 35_000;
const EVENTS_QUIET_MS = 10_000;
const COMMAND_QUIET_MS = 90_000;
const MAX_BODY = 256 * 1024 * 1024;

/** A whole answer. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

/** There is no proxy, or it does not answer. The message says where it was looked for and what to do. */
export class AdminUnreachable extends CommandFailure {
  override readonly name = "CommandFailure";

  constructor(address: AdminAddress, reason: string) {
    const where = showAdminAddress(address);
    super(
      `no proxy answers at ${where} (${reason}). Is it running, with an admin address in its configuration? ` +
        `Name another address with --admin ADDRESS, or the file it was written to with --admin-address-path FILE${
          where === DEFAULT_ADMIN ? ` (${DEFAULT_ADMIN} is what is tried when neither is given)` : ""
        }.`,
      EXIT.unreachable,
    );
  }
}

/** Asks the admin interface of a proxy. */
export class AdminClient {
  readonly address: AdminAddress;
  readonly #token: string;
  readonly #stopped: AbortSignal | undefined;

  /** `token` is a bearer token; `""` for none. What is under way when `stopped` is aborted fails with `AdminUnreachable`. */
  constructor(address: AdminAddress, token: string, stopped?: AbortSignal) {
    this.address = address;
    this.#token = token;
    this.#stopped = stopped;
  }

  /** The whole answer, whatever its status. Throws `AdminUnreachable`. */
  async ask(path: string, options: { readonly method?: string; readonly body?: string } = {}): Promise<AdminAnswer> {
    const { method = "GET", body = "" } = options;
    const quietMs = method === "GET" ? PAGE_QUIET_MS : COMMAND_QUIET_MS;
    const response = await this.#send(path, method, body, quietMs, this.#stopped);
    try {
      return { status: response.statusCode ?? 0, body: await text(response) };
    } catch (error) {
      throw new AdminUnreachable(this.address, messageOf(error));
    }
  }

  /** The answer's JSON. Throws `CommandFailure` with the answer's text if its status is none of `statuses` (default: 200). */
  async askJson<T>(
    path: string,
    options: { readonly method?: string; readonly body?: string; readonly statuses?: readonly number[] } = {},
  ): Promise<T> {
    const { status, body } = await this.ask(path, options);
    if (!(options.statuses ?? [200]).includes(status)) throw this.#refusal(path, status, body);
    try {
      return JSON.parse(body) as T;
    } catch {
      throw new CommandFailure(`${path}: the answer is no JSON; is this the admin interface of Troupe?`, EXIT.refused);
    }
  }

  /** The data of server-sent events, until the stream ends or the signal is aborted. Throws `AdminUnreachable` and `CommandFailure`. */
  async *events(
    path: string,
    signal: AbortSignal,
    method = "GET",
  ): AsyncGenerator<{ readonly event: string; readonly data: string }, void> {
    const quietMs = method === "GET" ? EVENTS_QUIET_MS : COMMAND_QUIET_MS;
    const response = await this.#send(path, method, "", quietMs, signal);
    if (response.statusCode !== 200) throw this.#refusal(path, response.statusCode ?? 0, await text(response));
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    try {
      for await (const piece of response) yield* parser.push(decoder.decode(piece as Buffer, { stream: true }));
    } catch (error) {
      if (!signal.aborted) throw new AdminUnreachable(this.address, messageOf(error));
    }
  }

  #send(
    path: string,
    method: string,
    body: string,
    quietMs: number,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const { address } = this;
    const headers: Record<string, string> = { connection: "close" };
    if (this.#token !== "") headers.authorization = `Bearer ${this.#token}`;
    if (body !== "") headers["content-type"] = "application/yaml";
    const target: RequestOptions =
      address.type === "ip"
        ? { host: address.host, port: address.port }
        : { socketPath: address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path };
    return new Promise((resolve, reject) => {
      const sent: ClientRequest = request(
        { ...target, path, method, headers, timeout: quietMs, ...(signal !== undefined && { signal }) },
        (response) => resolve(limited(response)),
      );
      sent.on("timeout", () => sent.destroy(new Error(`no answer for ${quietMs / 1000} s: it is stuck, or no proxy`)));
      sent.on("error", (error) => reject(new AdminUnreachable(address, messageOf(error))));
      sent.end(body);
    });
  }

  #refusal(path: string, status: number, body: string): CommandFailure {
    if (status === 401) {
      const advice =
        this.#token === ""
          ? "this admin interface wants a token: name the file that has it with --admin-token-path FILE"
          : "the token is not that of this admin interface: --admin-token-path must name the same file as the proxy's";
      return new CommandFailure(advice, EXIT.refused);
    }
    const [first = ""] = body.trim().split("\n");
    // An actor or a listener that is not there is no sign of another program.
    if (/^(no such|there (is|are)) /.test(first) || status === 409) return new CommandFailure(first, EXIT.refused);
    const hint = status === 404 ? "; is this the admin interface of Troupe, and of this version?" : "";
    return new CommandFailure(`${path} answers ${status}: ${first}${hint}`, EXIT.refused);
  }
}

/** Ends an answer that would fill the memory. */
function limited(response: IncomingMessage): IncomingMessage {
  let length = 0;
  if (response.headers["content-type"]?.startsWith("text/event-stream") === true) return response;
  response.on("data", (piece: Buffer) => {
    length += piece.length;
    if (length > MAX_BODY) response.destroy(new Error("the answer is too long"));
  });
  return response.pause();
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ENOENT") return "there is no such socket";
  return error.message === "" ? code || error.name : error.message;
}
