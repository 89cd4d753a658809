import { type HeaderMap, internHeaderName, RequestHeaderMap } from "../http/header-map.ts";

/** One header that a service wants changed. Name in lower case, value as wire text. */
export interface HeaderChange {
  readonly name: string;
  readonly value: string;
  /** `appendIfThere`: joined to the value that is there, or nothing. */
  readonly action: "set" | "add" | "appendIfThere" | "addIfAbsent" | "setIfThere";
}

const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const BAD_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/;
/** Headers that say how a message travels, which is not for a service to change. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  ...[
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ],
]);

/** Whether a header may be changed at all; others are passed over. */
export function mayChange(name: string): boolean {
  return !HOP_BY_HOP.has(name);
}

/** Whether name and value can stand in a message. */
export function isValidChange({ name, value }: HeaderChange): boolean {
  return NAME.test(name) && !BAD_VALUE.test(value);
}

/** Makes the changes, in order. Pseudo-headers and `host` of requests can be set, those of responses can't. */
export function applyChanges(headers: HeaderMap, changes: readonly HeaderChange[]): void {
  for (const change of changes) {
    const name = internHeaderName(change.name);
    if (name.startsWith(":") || name === "host") {
      if (headers instanceof RequestHeaderMap) setPseudo(headers, name, change.value);
    } else {
      applyChange(headers, name, change);
    }
  }
}

function applyChange(headers: HeaderMap, name: string, { value, action }: HeaderChange): void {
  switch (action) {
    case "set":
      headers.set(name, value);
      break;
    case "add":
      headers.add(name, value);
      break;
    case "appendIfThere":
      if (headers.has(name)) headers.append(name, value);
      break;
    case "addIfAbsent":
      if (!headers.has(name)) headers.add(name, value);
      break;
    case "setIfThere":
      if (headers.has(name)) headers.set(name, value);
      break;
  }
}

function setPseudo(headers: RequestHeaderMap, name: string, value: string): void {
  if (name === ":path" && /^\/[\x21-\xff]*$/.test(value)) headers.path = value;
  else if ((name === ":authority" || name === "host") && /^[\x21-\x7e]+$/.test(value)) headers.authority = value;
  else if (name === ":method" && /^[A-Z]+$/.test(value)) headers.method = value;
}

/** Replaces all headers that `changes` name by those in `changes`, so that one can come several times. For answers to the client. */
export function replaceHeaders(headers: HeaderMap, changes: readonly HeaderChange[]): void {
  for (const { name } of changes) headers.remove(name);
  for (const { name, value } of changes) if (!name.startsWith(":")) headers.add(internHeaderName(name), value);
}
