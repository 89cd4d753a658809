import type { AdminBody, AdminRequest, AdminRequestHeaders } from "../../src/admin/admin-handler.ts";
import { adminHandlers } from "../../src/admin/admin-handlers.ts";
import { AdminRouter } from "../../src/admin/admin-router.ts";
import type { SampleProxy } from "./sample-admin-views.ts";

/** An answer with its body put together. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  json(): unknown;
}

/** What a request has beside its target; by default a GET without a body. */
export interface AskOptions {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: AdminRequestHeaders;
  readonly debugEndpoints?: boolean;
  readonly heapSnapshots?: boolean;
  readonly allowsPath?: (path: string) => boolean;
}

/** Asks the admin interface of a sample proxy. */
export async function askAdmin(proxy: SampleProxy, target: string, options: AskOptions = {}): Promise<Answer> {
  const handlers = adminHandlers(proxy.views, {
    debugEndpoints: options.debugEndpoints ?? false,
    heapSnapshots: options.heapSnapshots ?? false,
  });
  const router = new AdminRouter(handlers, {
    guard: { allowedHosts: ["admin.example.com"], checkHost: true },
    allowsPath: options.allowsPath ?? (() => true),
    notAnswering: () => proxy.workers.filter(({ answering }) => !answering).map(({ name }) => name),
  });
  const [path, query] = target.split("?");
  const request: AdminRequest = {
    method: options.method ?? "GET",
    path: path!,
    params: new URLSearchParams(query),
    headers: { host: "127.0.0.1:9901", ...options.headers },
    body: options.body ?? "",
  };
  const response = await router.answer(request);
  const body = await collect(response.body);
  const { status, contentType, headers = {} } = response;
  return { status, contentType, headers, body, json: () => JSON.parse(body) };
}

/** Like `askAdmin` with POST. */
export function tellAdmin(proxy: SampleProxy, target: string, options: AskOptions = {}): Promise<Answer> {
  return askAdmin(proxy, target, { ...options, method: "POST" });
}

async function collect(body: AdminBody): Promise<string> {
  if (typeof body === "string") return body;
  let text = "";
  for await (const piece of body) text += typeof piece === "string" ? piece : Buffer.from(piece).toString();
  return text;
}
