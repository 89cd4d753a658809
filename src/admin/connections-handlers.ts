import { type AdminHandler, OK, textResponse } from "./admin-handler.ts";
import type { Control } from "./control.ts";
import { type Listing, listingHandler } from "./listing-handler.ts";
import type { ListingsView } from "./listings-view.ts";

const CONNECTIONS: Listing = {
  name: "connections",
  help: "print the downstream connections of all workers",
  columns: [
    { title: "ID", field: "id" },
    { title: "WORKER", field: "worker" },
    { title: "STATE", field: "state" },
    { title: "PEER", field: "peer" },
    { title: "LISTENER", field: "listener" },
    { title: "CHAIN", field: "filter_chain" },
    { title: "SNI", field: "server_name" },
    { title: "PROTOCOL", field: "protocol" },
    { title: "AGE", field: "age_ms", as: "duration" },
    { title: "IDLE", field: "idle_ms", as: "duration" },
    { title: "IN", field: "bytes_received", as: "bytes" },
    { title: "OUT", field: "bytes_sent", as: "bytes" },
    { title: "BUFFERED", field: "buffered_bytes", as: "bytes" },
    { title: "REQUESTS", field: "requests" },
    { title: "STREAMS", field: "active_streams" },
    { title: "CLUSTER", field: "cluster" },
    { title: "HOST", field: "host" },
    { title: "SNAPSHOT", field: "snapshot_version" },
  ],
  filters: ["state", "listener", "filter_chain", "peer", "server_name", "alpn", "protocol", "cluster", "host"],
  orders: [
    ...["id", "worker", "age_ms", "idle_ms", "bytes_received", "bytes_sent", "buffered_bytes", "requests"],
    ...["active_streams", "snapshot_version", "listener", "filter_chain", "peer", "protocol", "cluster", "host"],
  ],
};

const STREAMS: Listing = {
  name: "streams",
  help: "print the requests in hand of all workers",
  columns: [
    { title: "CONNECTION", field: "connection_id" },
    { title: "WORKER", field: "worker" },
    { title: "STATE", field: "state" },
    { title: "PEER", field: "peer" },
    { title: "PROTOCOL", field: "protocol" },
    { title: "METHOD", field: "method" },
    { title: "AUTHORITY", field: "authority" },
    { title: "PATH", field: "path" },
    { title: "AGE", field: "age_ms", as: "duration" },
    { title: "IDLE", field: "idle_ms", as: "duration" },
    { title: "IN", field: "bytes_received", as: "bytes" },
    { title: "OUT", field: "bytes_sent", as: "bytes" },
    { title: "BUFFERED", field: "buffered_bytes", as: "bytes" },
    { title: "STATUS", field: "response_code" },
    { title: "ROUTE", field: "route" },
    { title: "CLUSTER", field: "cluster" },
    { title: "HOST", field: "host" },
    { title: "ATTEMPT", field: "attempt" },
    { title: "SNAPSHOT", field: "snapshot_version" },
  ],
  filters: [
    ...["state", "listener", "filter_chain", "peer", "protocol", "method", "authority", "path", "request_id"],
    ...["route", "virtual_host", "cluster", "host", "connection_id"],
  ],
  orders: [
    ...["connection_id", "worker", "age_ms", "idle_ms", "bytes_received", "bytes_sent", "buffered_bytes", "attempt"],
    ...["response_code", "method", "authority", "path", "route", "cluster", "host", "peer"],
  ],
};

const POOLS: Listing = {
  name: "pools",
  help: "print the upstream connection pools of all workers",
  columns: [
    { title: "CLUSTER", field: "cluster" },
    { title: "HOST", field: "host" },
    { title: "WORKER", field: "worker" },
    { title: "PROTOCOL", field: "protocol" },
    { title: "PRIORITY", field: "priority" },
    { title: "STATE", field: "state" },
    { title: "ACTIVE", field: "active" },
    { title: "IDLE", field: "idle" },
    { title: "CONNECTING", field: "connecting" },
    { title: "PENDING", field: "pending" },
    { title: "REQUESTS", field: "requests_total" },
    { title: "REUSE", field: "reuse", as: "fraction" },
    { title: "CONNECT FAIL", field: "connect_failures" },
    { title: "ERRORS", field: "request_errors" },
    { title: "TIMEOUTS", field: "request_timeouts" },
  ],
  filters: ["cluster", "host", "protocol", "priority", "state"],
  orders: [
    ...["cluster", "host", "worker", "active", "idle", "connecting", "pending", "active_requests", "requests_total"],
    ...["connections_total", "reuse", "connect_failures", "request_errors", "request_timeouts"],
  ],
};

/** `/connections`, `/streams` and `/pools`, and the command that closes a connection. Troupe's own. */
export function connectionsHandlers(view: ListingsView, control: Control): readonly AdminHandler[] {
  return [
    ...[CONNECTIONS, STREAMS, POOLS].map((listing) => listingHandler(view, listing)),
    {
      path: "/connections/*/close",
      access: "change",
      help: "cut a downstream connection",
      async handle({ path }) {
        const text = path.slice("/connections/".length, -"/close".length);
        const found = /^\d{1,15}$/.test(text) && (await control.closeConnection(Number(text)));
        return found ? OK : textResponse(404, `no such connection: ${text}, or its worker does not answer\n`);
      },
    },
  ];
}
