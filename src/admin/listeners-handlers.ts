import { formatAddress } from "../net/address.ts";
import { type AdminHandler, type AdminResponse, jsonResponse, OK, textResponse, wantsJson } from "./admin-handler.ts";
import { addressJson } from "./clusters/cluster-status-json.ts";
import type { Control } from "./control.ts";
import type { BoundListener, ListenersView } from "./listeners-view.ts";
import { printable } from "./printable.ts";

/** `/listeners` and `/drain_listeners`. */
export function listenersHandlers(view: ListenersView, control: Control): readonly AdminHandler[] {
  return [
    {
      path: "/listeners",
      access: "read",
      help: "print listener info",
      params: [{ name: "format", help: "Format to use", kind: ["text", "json"] }],
      async handle(request) {
        const listeners = await view.listeners();
        return wantsJson(request) ? listenersJson(listeners) : listenersText(listeners);
      },
    },
    {
      path: "/drain_listeners",
      access: "change",
      help: "drain listeners",
      params: [
        { name: "graceful", help: "Go on accepting for the drain time, then close the listeners", kind: "flag" },
        { name: "skip_exit", help: "Leave the listeners open after the drain; only with graceful", kind: "flag" },
        { name: "inboundonly", help: "Drain listeners of traffic direction INBOUND only", kind: "flag" },
      ],
      deadlineMs: 10_000,
      async handle({ params }) {
        const [graceful, skipExit] = [params.has("graceful"), params.has("skip_exit")];
        if (skipExit && !graceful) return textResponse(400, "skip_exit requires graceful\n");
        await control.drainListeners({ graceful, skipExit, inboundOnly: params.has("inboundonly") });
        return OK;
      },
    },
  ];
}

function listenersText(listeners: readonly BoundListener[]): AdminResponse {
  const lines = listeners.flatMap(({ name, addresses }) =>
    addresses.map((each) => `${printable(name)}::${printable(formatAddress(each))}\n`),
  );
  return textResponse(200, lines.join(""));
}

function listenersJson(listeners: readonly BoundListener[]): AdminResponse {
  const statuses = listeners.map(({ name, addresses: [first, ...more] }) => ({
    name,
    ...(first === undefined ? {} : { local_address: addressJson(first) }),
    ...(more.length === 0 ? {} : { additional_local_addresses: more.map(addressJson) }),
  }));
  return jsonResponse(200, statuses.length === 0 ? {} : { listener_statuses: statuses });
}
