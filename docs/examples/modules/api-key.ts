// Lets in only requests with a known API key: `config: { header: x-api-key, keys: { s3cret: alice } }`.
import type { ModuleStream } from "../../../src/extensions/http/module/contract.ts";

interface Settings {
  readonly header: string;
  readonly users: ReadonlyMap<string, string>;
}

export function configure(config: { header?: string; keys?: Record<string, string> } | null): Settings {
  const users = new Map(Object.entries(config?.keys ?? {}));
  if (users.size === 0) throw new Error("config.keys must name at least one key and its user");
  return { header: config?.header ?? "x-api-key", users };
}

export function decodeHeaders(stream: ModuleStream): void {
  const { header, users } = stream.config as Settings;
  const user = users.get(stream.request.get(header) ?? "");
  if (user === undefined) {
    stream.respond(401, "a valid API key is required\n", { "www-authenticate": "ApiKey" });
    return;
  }
  // The key stays here; the upstream learns who it is, and so does the access log: %DYNAMIC_METADATA(api_key:user)%.
  stream.request.remove(header);
  stream.request.set("x-user", user);
  stream.metadata("api_key").user = user;
}
