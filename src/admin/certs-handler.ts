import { type AdminHandler, jsonResponse } from "./admin-handler.ts";
import type { CertificatesView } from "./views.ts";

/** `/certs`: the certificates and CAs in force, with what becomes of them when. */
export function certsHandler(view: CertificatesView): AdminHandler {
  return {
    path: "/certs",
    access: "read",
    help: "print certs on machine",
    handle: () => jsonResponse(200, view.certificates()),
  };
}
