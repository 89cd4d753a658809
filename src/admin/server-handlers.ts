import type { WorkersView } from "./actors/workers-view.ts";
import { type AdminHandler, type AdminRequest, jsonResponse, textResponse } from "./admin-handler.ts";
import type { ServerView } from "./server-view.ts";
import { humanDuration } from "./text-table.ts";

/** The pages about the process: `/ready`, `/server_info`, `/memory`, `/init_dump`, `/hot_restart_version`. */
export function serverHandlers(server: ServerView, workers: WorkersView): readonly AdminHandler[] {
  return [
    {
      path: "/ready",
      access: "read",
      help: "print server state, return 200 if LIVE, otherwise return 503",
      handle: () => readiness(server, workers),
    },
    {
      path: "/server_info",
      access: "read",
      help: "print server version/status information",
      handle: () => serverInfo(server),
    },
    {
      path: "/memory",
      access: "read",
      help: "print current allocation/heap usage",
      handle: () => memory(server),
    },
    {
      path: "/init_dump",
      access: "read",
      help: "dump what initialisation still waits for",
      params: [{ name: "mask", help: "The component to show; only listener is known", kind: "text" }],
      handle: (request) => initDump(server, request),
    },
    {
      path: "/hot_restart_version",
      access: "read",
      help: "print the hot restart compatibility version",
      handle: () => textResponse(200, server.info().hotRestartVersion),
    },
  ];
}

/** The first line is Envoy's whole answer; further ones name the workers that don't answer. */
async function readiness(server: ServerView, workers: WorkersView) {
  const state = await server.state();
  const stuck = (await workers.workers())
    // One that starts, or has ended, has nothing to answer.
    .filter(({ answering, status }) => !answering && (status === "running" || status === "draining"))
    .map(({ name, reportAgeMs }) => `${name} has not answered for ${humanDuration(reportAgeMs)}\n`);
  return textResponse(state === "LIVE" ? 200 : 503, `${state}\n${stuck.join("")}`);
}

async function serverInfo(server: ServerView) {
  const info = server.info();
  const uptime = `${Math.floor(info.uptimeSeconds)}s`;
  return jsonResponse(200, {
    version: info.version,
    state: await server.state(),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: info.hotRestartVersion,
    command_line_options: info.commandLineOptions,
    node: info.node,
  });
}

/** Numbers of 64 bits are strings in Envoy's JSON. `threads` is Troupe's own. */
async function memory(server: ServerView) {
  const use = await server.memory();
  return jsonResponse(200, {
    allocated: String(use.allocatedBytes),
    heap_size: String(use.heapSizeBytes),
    pageheap_unmapped: "0",
    pageheap_free: "0",
    total_thread_cache: "0",
    total_physical_bytes: String(use.physicalBytes),
    threads: use.threads.map(({ thread, heapUsedBytes, heapTotalBytes, answering }) => ({
      thread,
      heap_used: String(heapUsedBytes),
      heap_total: String(heapTotalBytes),
      answering,
    })),
  });
}

async function initDump(server: ServerView, request: AdminRequest) {
  const mask = request.params.get("mask");
  const targets = mask === null || mask === "listener" ? await server.unreadyTargets() : [];
  return jsonResponse(
    200,
    targets.length === 0
      ? {}
      : { unready_targets_dumps: targets.map(({ name, targetNames }) => ({ name, target_names: targetNames })) },
  );
}
