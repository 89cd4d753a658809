import type { AdminHandler, AdminResponse } from "./admin-handler.ts";
import { textResponse } from "./admin-handler.ts";
import { type PageFile, PageFiles } from "./page-files.ts";

/** Scripts, styles and data come from this server only, and nothing is in the page itself. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** `/`, the web page, and `/page/…`, the files it is made of. They hold nothing about this proxy. Troupe's own. */
export function pageHandlers(): readonly AdminHandler[] {
  const files = new PageFiles();
  return [
    { path: "/", access: "read", isPublic: true, help: "Admin home page", handle: () => fileResponse(files.get("/")) },
    {
      path: "/page/*",
      access: "read",
      isPublic: true,
      help: "the files of the web page",
      handle: ({ path }) => fileResponse(files.get(path)),
    },
  ];
}

function fileResponse(file: PageFile | undefined): AdminResponse {
  if (file === undefined) return textResponse(404, "the page has no such file\n");
  return { status: 200, contentType: file.contentType, headers: HEADERS, body: file.text };
}
