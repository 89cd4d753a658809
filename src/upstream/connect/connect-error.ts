/** The C library's words for the errors that connecting meets, which Envoy prints. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "Connection refused"],
  ["ECONNRESET", "Connection reset by peer"],
  ["EHOSTUNREACH", "No route to host"],
  ["EHOSTDOWN", "Host is down"],
  ["ENETUNREACH", "Network is unreachable"],
  ["ETIMEDOUT", "Connection timed out"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"],
  ["EACCES", "Permission denied"],
  ["EPERM", "Operation not permitted"],
  ["ENOENT", "No such file or directory"],
  ["EMFILE", "Too many open files"],
  ["ENFILE", "Too many open files in system"],
  ["ENOBUFS", "No buffer space available"],
  ["EAGAIN", "Resource temporarily unavailable"],
  ["EINVAL", "Invalid argument"],
]);

/** Errors that say more about this machine than about the host. */
const LOCAL: ReadonlySet<string> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "EADDRNOTAVAIL",
  "EACCES",
  "EPERM",
]);

/** Whether an attempt to connect failed on our side. `code` is the system's word (`EMFILE`). */
export function isLocalConnectError(code: string): boolean {
  return LOCAL.has(code);
}

/** Whether a connection that asked for a source address may have failed for it. */
export function isBindError(code: string): boolean {
  return code === "EADDRNOTAVAIL" || code === "EADDRINUSE" || code === "EACCES";
}

/** The transport failure reason of an attempt to connect that ended with `code`; `""` for none (the peer just closed). */
export function connectFailureReason(code: string): string {
  if (code.startsWith("TLS_error")) return code;
  const tls = /^ERR_(?:SSL|TLS)_(.+)$/.exec(code)?.[1];
  if (tls !== undefined) return `TLS_error:|SSL routines:OPENSSL_internal:${tls}:TLS_error_end`;
  return code === "" ? "" : `delayed connect error: ${WORDS.get(code) ?? code}`;
}

/** Why a connection was closed, for people: the C library's words, or what TLS said. */
export function closeReason(code: string): string {
  return WORDS.get(code)?.toLowerCase() ?? connectFailureReason(code).replace(/^delayed connect error: /, "");
}
