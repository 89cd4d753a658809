import type { LocalReply } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { HcmData } from "./hcm-data.ts";
import { normalizePath } from "./path-normalizer.ts";
import type { HcmStats } from "./stats.ts";

const SLASHES_AT_START = /^[/\\]+/;

/**
 * Checks what a request is for (authority and path) and brings both into the form that everyone behind sees. Answers null
 * or the reply that refuses the request. Source: the head of Envoy's `ActiveStream::decodeHeaders`.
 * Differs from Envoy: a redirect to a path with its slashes unescaped has one slash at its beginning, never more.
 */
export function checkRequestTarget(
  headers: RequestHeaderMap,
  data: HcmData,
  stats: Pick<HcmStats, "rqNonRelativePath" | "rqFailedPathNormalization" | "rqRedirectedWithNormalizedPath">,
  localAddress: string,
): LocalReply | null {
  if (headers.authority === "") return { status: 400, body: "", details: "missing_host_header" };
  if (headers.method === "CONNECT") return null;
  if (headers.path === "") return { status: 404, body: "", details: "missing_path_rejected" };
  const asterisk = headers.path === "*" && headers.method === "OPTIONS";
  if (headers.path.charCodeAt(0) !== 0x2f && !asterisk) {
    stats.rqNonRelativePath.inc();
    return { status: 404, body: "", details: "absolute_path_rejected" };
  }
  const verdict = normalizePath(headers.path, data);
  if (verdict.type === "reject") {
    stats.rqFailedPathNormalization.inc();
    return { status: 400, body: "", details: "path_normalization_failed" };
  }
  if (verdict.type === "redirect") {
    stats.rqRedirectedWithNormalizedPath.inc();
    // A browser takes what follows two slashes for a host: a link to this one must not lead to another.
    const location = verdict.path.replace(SLASHES_AT_START, "/");
    return {
      status: 307,
      body: "",
      details: "path_normalization_redirect",
      modifyHeaders: (response) => response.add("location", location),
    };
  }
  headers.path = verdict.path;
  if (data.stripTrailingHostDot) headers.authority = withoutTrailingDot(headers.authority);
  if (data.stripPort !== "none") headers.authority = withoutPort(headers.authority, data.stripPort, localAddress);
  return null;
}

/** `example.com.` and `example.com.:80` without the dot. */
function withoutTrailingDot(authority: string): string {
  const colon = authority.indexOf(":");
  if (colon === -1) return authority.endsWith(".") ? authority.slice(0, -1) : authority;
  return authority[colon - 1] === "." ? authority.slice(0, colon - 1) + authority.slice(colon) : authority;
}

/** `matching` takes off only the port that the listener has. */
function withoutPort(authority: string, which: "matching" | "any", localAddress: string): string {
  const colon = authority.lastIndexOf(":");
  if (colon === -1 || authority.indexOf("]") > colon) return authority;
  const port = authority.slice(colon);
  return which === "any" || localAddress.endsWith(port) ? authority.slice(0, colon) : authority;
}
