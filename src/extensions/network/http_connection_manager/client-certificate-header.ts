import { urlEncodedPem } from "../../../http/format/operators/tls-operators.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { TlsConnectionInfo } from "../../../net/tls-connection-info.ts";

/** What becomes of `x-forwarded-client-cert`, and what of the client's certificate goes into it. Plain data. */
export interface ClientCertificateHeaderData {
  readonly mode: "sanitize" | "forwardOnly" | "appendForward" | "sanitizeSet" | "alwaysForwardOnly";
  /** In this order in the header. */
  readonly details: readonly ("cert" | "chain" | "subject" | "uri" | "dns")[];
}

const NAME = "x-forwarded-client-cert";

/**
 * Puts what the proxy knows of the client's certificate into `x-forwarded-client-cert`, or takes the header away. Source: Envoy's
 * `ConnectionManagerUtility::mutateXfccRequestHeader`. Differs from Envoy: a name that contains a separator is quoted and a control character in it
 * is percent-encoded, so that a certificate can't add elements or headers.
 */
export function mutateClientCertificateHeader(
  headers: RequestHeaderMap,
  tls: TlsConnectionInfo | null,
  { mode, details }: ClientCertificateHeaderData,
): void {
  if (mode === "alwaysForwardOnly") return;
  if (mode === "sanitize" || tls === null || tls.peer === null) {
    headers.remove(NAME);
    return;
  }
  if (mode === "forwardOnly") return;
  const element = certificateElement(tls, details);
  if (mode === "sanitizeSet") headers.set(NAME, element);
  else headers.append(NAME, element, ",");
}

function certificateElement(tls: TlsConnectionInfo, details: ClientCertificateHeaderData["details"]): string {
  const peer = tls.peer!;
  const parts: string[] = [];
  const by = tls.local?.uriSans[0];
  if (by !== undefined) parts.push(`By=${plain(by)}`);
  parts.push(`Hash=${peer.sha256}`);
  for (const detail of details) {
    switch (detail) {
      case "cert":
        parts.push(`Cert="${urlEncodedPem(peer.pem)}"`);
        break;
      case "chain":
        parts.push(`Chain="${tls.peerChain.map(({ pem }) => urlEncodedPem(pem)).join("")}"`);
        break;
      case "subject":
        parts.push(`Subject="${escaped(peer.subject)}"`);
        break;
      case "uri":
        parts.push(`URI=${plain(peer.uriSans[0] ?? "")}`);
        break;
      case "dns":
        for (const name of peer.dnsSans) parts.push(`DNS=${plain(name)}`);
        break;
    }
  }
  return parts.join(";");
}

function plain(text: string): string {
  return /[,;="]/.test(text) ? `"${escaped(text)}"` : escaped(text);
}

function escaped(text: string): string {
  const printable = [...text].map((character) =>
    character < " " || character === "\x7f"
      ? `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`
      : character,
  );
  // What is escaped already, as in a subject, stays as it is.
  return printable.join("").replace(/\\.|"/g, (found) => (found === '"' ? '\\"' : found));
}
