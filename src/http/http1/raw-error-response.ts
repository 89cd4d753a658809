import type { ResponseHeaderMap } from "../header-map.ts";
import type { HeaderNameFormat } from "../header-name-format.ts";
import { HeadWriter } from "./head-writer.ts";
import { statusLine } from "./status-line.ts";

/**
 * The head of an answer to bytes that are no request, with `connection: close`. For a user that has no stream to send it on; `headers` tell
 * of the body. `nameFormat`: how names are written; null = as they are.
 */
export function rawErrorResponse(headers: ResponseHeaderMap, nameFormat: HeaderNameFormat | null): string {
  const writer = new HeadWriter();
  let fields = writer.writeFields(headers, nameFormat);
  if (writer.contentLength === -1) fields += "content-length: 0\r\n";
  return `${statusLine(headers.status, false)}${fields}connection: close\r\n\r\n`;
}
