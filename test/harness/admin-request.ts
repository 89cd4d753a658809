import http from "node:http";

/** The whole answer of an admin page, its body as UTF-8 text. */
export interface AdminResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One request to an admin port on loopback, on a connection of its own. */
export interface AdminRequest {
  readonly port: number;
  readonly path: string;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** For the whole answer. */
  readonly deadlineMs: number;
}

/** One HTTP request to 127.0.0.1 on a connection of its own. Resolves with any status; rejects after the deadline. */
export function adminRequest(request: AdminRequest): Promise<AdminResponse> {
  return new Promise((resolve, reject) => {
    const { port, path, method = "GET", headers = {}, body = "" } = request;
    const framing = method === "GET" ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const signal = AbortSignal.timeout(request.deadlineMs);
    const sent = http.request(
      { host: "127.0.0.1", port, path, method, agent: false, signal, headers: { ...framing, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      },
    );
    sent.on("error", reject);
    sent.end(method === "GET" ? undefined : body);
  });
}
