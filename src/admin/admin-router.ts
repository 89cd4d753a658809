import { type AdminHandler, type AdminRequest, type AdminResponse, textResponse } from "./admin-handler.ts";
import { renderHelp } from "./help.ts";
import type { Later } from "./later.ts";
import { type Guarded, type GuardOptions, guardRequest } from "./request-guard.ts";

/** How long a handler may take unless it says otherwise. */
const DEFAULT_DEADLINE_MS = 1000;

const COMMON_HEADERS = { "cache-control": "no-cache, max-age=0", "x-content-type-options": "nosniff" };

/** What the router needs beside the handlers. */
export interface AdminRouterOptions {
  readonly guard: GuardOptions;
  /** `admin.allow_paths`: which paths are served at all. */
  readonly allowsPath: (path: string) => boolean;
  /** Threads that don't answer at present; named in a header of each answer. */
  readonly notAnswering: () => Later<readonly string[]>;
}

/** Says what went wrong, without giving away more than its message. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Finds the handler for a request and sees to what all answers have in common. */
export class AdminRouter {
  readonly #exact = new Map<string, AdminHandler>();
  readonly #patterns: readonly { readonly prefix: string; readonly suffix: string; readonly handler: AdminHandler }[];
  readonly #handlers: readonly AdminHandler[];
  readonly #options: AdminRouterOptions;

  constructor(handlers: readonly AdminHandler[], options: AdminRouterOptions) {
    this.#handlers = handlers;
    this.#options = options;
    this.#patterns = handlers.flatMap((handler) => {
      const [prefix, suffix] = handler.path.split("*");
      return suffix === undefined ? [] : [{ prefix: prefix!, suffix, handler }];
    });
    for (const handler of handlers) if (!handler.path.includes("*")) this.#exact.set(handler.path, handler);
  }

  /** How long the answer to this request may take. */
  deadlineMsOf(request: AdminRequest): number {
    return this.#find(request.path)?.deadlineMs ?? DEFAULT_DEADLINE_MS;
  }

  /** Answers a request. Never rejects. For HEAD the answer is that of GET; the body is the server's to leave out. */
  async answer(request: AdminRequest): Promise<AdminResponse> {
    return this.refuse(request) ?? this.#withCommonHeaders(await this.#answer(request));
  }

  /** The answer to a request that is refused by its head alone; undefined if it is not. It says nothing about the proxy. */
  refuse(request: Guarded): AdminResponse | undefined {
    const refusal = guardRequest(request, this.#options.guard, this.#find(request.path)?.isPublic);
    if (refusal === undefined) return undefined;
    const { status, message, headers } = refusal;
    return { ...textResponse(status, message), headers: { ...COMMON_HEADERS, ...headers } };
  }

  async #answer(request: AdminRequest): Promise<AdminResponse> {
    if (!this.#options.allowsPath(request.path)) {
      return textResponse(403, `request to path ${request.path} not allowed\n`);
    }
    const handler = this.#find(request.path);
    if (handler === undefined) return textResponse(404, `invalid path. ${renderHelp(this.#handlers)}`);
    const notAllowed = methodProblem(handler, request.method);
    if (notAllowed !== undefined) return notAllowed;
    try {
      return await handler.handle(request);
    } catch (error) {
      return textResponse(500, `${messageOf(error)}\n`);
    }
  }

  #find(path: string): AdminHandler | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    return this.#patterns.find(
      ({ prefix, suffix }) =>
        path.length > prefix.length + suffix.length && path.startsWith(prefix) && path.endsWith(suffix),
    )?.handler;
  }

  async #withCommonHeaders(response: AdminResponse): Promise<AdminResponse> {
    const missing = await this.#options.notAnswering();
    return {
      ...response,
      headers: {
        ...COMMON_HEADERS,
        ...(missing.length === 0 ? {} : { "x-troupe-not-answering": missing.join(",") }),
        ...response.headers,
      },
    };
  }
}

function methodProblem(handler: AdminHandler, method: string): AdminResponse | undefined {
  const reads = method === "GET" || method === "HEAD";
  if (handler.access === "both" ? reads || method === "POST" : handler.access === "read" ? reads : method === "POST") {
    return undefined;
  }
  const wanted = handler.access === "change" ? "POST" : handler.access === "read" ? "GET" : "GET or POST";
  return {
    ...textResponse(405, `Method ${method} not allowed, ${wanted} required.\n`),
    headers: { allow: { change: "POST", read: "GET, HEAD", both: "GET, HEAD, POST" }[handler.access] },
  };
}
