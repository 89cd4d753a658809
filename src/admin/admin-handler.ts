/** A request to the admin interface, already read whole. */
export interface AdminRequest {
  readonly method: string;
  /** Without the query, not decoded. */
  readonly path: string;
  /** The query's parameters; those of a form in the body stand behind them. */
  readonly params: URLSearchParams;
  readonly headers: AdminRequestHeaders;
  readonly body: string;
}

/** The request headers that matter here. */
export interface AdminRequestHeaders {
  readonly host?: string | undefined;
  readonly authorization?: string | undefined;
  readonly origin?: string | undefined;
  readonly "sec-fetch-site"?: string | undefined;
  readonly "content-type"?: string | undefined;
}

/** A piece of a body: text, or UTF-8. May be empty. */
export type AdminPiece = string | Uint8Array;

/** A whole body, or pieces that are made as they are sent. */
export type AdminBody = string | Iterable<AdminPiece> | AsyncIterable<AdminPiece>;

/** An answer of the admin interface. */
export interface AdminResponse {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: AdminBody;
}

/** A parameter that a handler understands, for `/help` and the forms of `/`. */
export interface AdminParam {
  readonly name: string;
  readonly help: string;
  /** The values it may have. `flag` means that it counts by being there. */
  readonly kind: "text" | "flag" | readonly string[];
}

/** One page or command of the admin interface. */
export interface AdminHandler {
  /** Exact path; one `*` stands for anything that is not empty (an actor's id). */
  readonly path: string;
  /**
   * `read` answers GET (and HEAD), `change` POST only, so that no link, image or crawler can change anything; `both`
   * answers each in its own way.
   */
  readonly access: "read" | "change" | "both";
  readonly help: string;
  /** Served to those without the token, too: it says nothing that is worth one. */
  readonly isPublic?: boolean;
  readonly params?: readonly AdminParam[];
  /** Commands that wait for the proxy need longer than the default of 1000 ms. */
  readonly deadlineMs?: number;
  /** Whatever it throws is answered with 500. */
  handle(request: AdminRequest): AdminResponse | Promise<AdminResponse>;
}

/** Content type of plain text. */
const TEXT = "text/plain; charset=UTF-8";
/** Content type of JSON. */
export const JSON_TYPE = "application/json";

/** Plain text, or text in pieces. */
export function textResponse(status: number, body: AdminBody): AdminResponse {
  return { status, contentType: TEXT, body };
}

/** JSON for people and programs: indented, like Envoy's. */
export function jsonResponse(status: number, value: unknown): AdminResponse {
  return { status, contentType: JSON_TYPE, body: `${JSON.stringify(value, undefined, 1)}\n` };
}

/** What Envoy answers to a command that worked. */
export const OK: AdminResponse = textResponse(200, "OK\n");

/** Whether the client asks for JSON by `format=json`. */
export function wantsJson(request: AdminRequest): boolean {
  return request.params.get("format") === "json";
}
