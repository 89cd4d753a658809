import type { HcmData } from "./hcm-data.ts";

/** What became of a request's path. */
export type PathVerdict =
  | { readonly type: "ok"; readonly path: string }
  /** The client is sent to the clean path (307). */
  | { readonly type: "redirect"; readonly path: string }
  /** 400, `path_normalization_failed`. */
  | { readonly type: "reject" };

/** The settings of the connection manager that concern paths. */
export type PathSettings = Pick<HcmData, "normalizePath" | "mergeSlashes" | "escapedSlashes">;

const UNRESERVED = /%(?:2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])/g;
const ESCAPED_SLASH = /%2[fF]|%5[cC]/;
const SLASHES = /\/{2,}/g;
const DOT_SEGMENT = /(^|\/)\.{1,2}(\/|$)/;

/** Whether nothing needs doing: the usual case, decided without building a string. */
function isPlain(path: string): boolean {
  for (let i = 1; i < path.length; i++) {
    const code = path.charCodeAt(i);
    // `%`, `\`, `#`, or a slash or dot that follows a slash.
    if (code === 0x25 || code === 0x5c || code === 0x23) return false;
    if (code === 0x3f) return path.indexOf("#", i) === -1;
    if ((code === 0x2f || code === 0x2e) && path.charCodeAt(i - 1) === 0x2f) return false;
  }
  return true;
}

/**
 * Cleans the path of a request as the settings say, so that matching, filters and upstream all see one string. The
 * query is left alone. A fragment is refused always. Source: Envoy's `PathUtil` and RFC 3986 §5.2.4, §6.2.2.
 */
export function normalizePath(target: string, settings: PathSettings): PathVerdict {
  if (isPlain(target)) return { type: "ok", path: target };
  if (target.includes("#")) return { type: "reject" };
  const queryAt = target.indexOf("?");
  const query = queryAt === -1 ? "" : target.slice(queryAt);
  let path = queryAt === -1 ? target : target.slice(0, queryAt);
  let redirect = false;
  if (settings.escapedSlashes !== "keep" && ESCAPED_SLASH.test(path)) {
    if (settings.escapedSlashes === "reject") return { type: "reject" };
    path = path.replaceAll(/%2[fF]/g, "/").replaceAll(/%5[cC]/g, "\\");
    redirect = settings.escapedSlashes === "unescapeAndRedirect";
  }
  if (settings.normalizePath) {
    path = path.replaceAll("\\", "/").replaceAll(UNRESERVED, decodeEscape);
    if (path.includes("%00")) return { type: "reject" };
    if (DOT_SEGMENT.test(path)) path = removeDotSegments(path);
  }
  if (settings.mergeSlashes) path = path.replaceAll(SLASHES, "/");
  return { type: redirect ? "redirect" : "ok", path: path + query };
}

function decodeEscape(triplet: string): string {
  return String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
}

/** RFC 3986 §5.2.4 for a path that begins with a slash; never climbs above the root. */
function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/");
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i]!;
    const last = i === segments.length - 1;
    if (segment === "..") {
      kept.pop();
      if (last) kept.push("");
    } else if (segment === ".") {
      if (last) kept.push("");
    } else {
      kept.push(segment);
    }
  }
  return `/${kept.join("/")}`;
}
