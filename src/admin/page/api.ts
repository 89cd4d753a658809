import { EventStreamParser } from "./event-stream.ts";

/** The admin interface answered with a status that is no success, or not at all. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** 0 if there was no answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const TOKEN_KEY = "troupe-admin-token";

/** The bearer token that this tab uses, `""` for none. It is gone when the tab is. */
function bearerToken(): string {
  return sessionStorage.getItem(TOKEN_KEY) ?? "";
}

/** Uses another bearer token from now on. */
export function setBearerToken(token: string): void {
  if (token === "") sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, token);
}

/** GET of a JSON document. Throws `ApiError`. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await request(path, { signal: signal ?? null })).json()) as T;
}

/** POST, with the answer's JSON whatever its status. Throws `ApiError` if there is none. */
export async function postJson<T>(path: string, body: string, contentType = "application/yaml"): Promise<T> {
  const response = await send(path, { method: "POST", body, headers: { "content-type": contentType } });
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(response.status, text.trim() || `status ${response.status}`);
  }
}

/** POST or GET, with the body as it comes. Throws `ApiError`. */
export function request(path: string, init: RequestInit = {}): Promise<Response> {
  return send(path, init).then(async (response) => {
    if (response.ok) return response;
    throw new ApiError(response.status, (await response.text()).trim() || `status ${response.status}`);
  });
}

/** Calls `onEvent` for each server-sent event until the stream ends or `signal` says so. Throws `ApiError`. */
export async function readEvents(
  path: string,
  init: RequestInit,
  onEvent: (event: string, data: string) => void,
): Promise<void> {
  const response = await request(path, init);
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  const parser = new EventStreamParser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const { event, data } of parser.push(decoder.decode(value, { stream: true }))) onEvent(event, data);
  }
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = bearerToken();
  if (token !== "") headers.set("authorization", `Bearer ${token}`);
  try {
    return await fetch(path, { ...init, headers, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "the proxy does not answer");
  }
}
