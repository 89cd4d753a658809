import { accessLogSupport, accessLogsCompiler } from "../access-log/config.ts";
import type { CompilerTable } from "../config/compiler/compiler-table.ts";
import { dataSourceSupport } from "../config/data-source.ts";
import type { ExtensionConfig } from "../config/extension-config.ts";
import { formatSupport } from "../http/format/config.ts";
import { listenerCompiler } from "../listener/config.ts";
import { headerValueSupport } from "../route/compile/header-mutations.ts";
import { matcherSupport } from "../route/compile/matchers.ts";
import { routeSupport } from "../route/compile/route-support.ts";

import { policySupport } from "../upstream/compile/cluster-support.ts";
import { clusterCompiler, loadAssignmentCompiler } from "../upstream/config.ts";
import type { ExtensionEntry } from "./extension-entry.ts";
import { LaterConfigs } from "./later-configs.ts";
import { OTHER_EXTENSIONS } from "./settings-table.ts";
import {
  ACCESS_LOGGERS,
  HTTP_FILTERS,
  LISTENER_FILTERS,
  NETWORK_FILTERS,
  TRACERS,
  TRANSPORT_SOCKETS,
  UDP_LISTENER_FILTERS,
} from "./table.ts";

const ENTRIES: readonly ExtensionEntry[] = [
  ...HTTP_FILTERS,
  ...LISTENER_FILTERS,
  ...UDP_LISTENER_FILTERS,
  ...NETWORK_FILTERS,
  ...ACCESS_LOGGERS,
  ...TRANSPORT_SOCKETS,
  ...TRACERS,
  ...OTHER_EXTENSIONS,
];

/** Loads the main-side halves of all extensions. */
export function loadExtensionConfigs(): Promise<ExtensionConfig[]> {
  return Promise.all(ENTRIES.map((entry) => entry.config()));
}

/** Everything that takes part in compiling a configuration, with all extensions. */
export async function loadCompilerTable(): Promise<CompilerTable> {
  return tableWith(await loadExtensionConfigs());
}

/** The same for the compiler thread, which loads this module by its path: an extension is loaded when a configuration names it. */
export async function loadLateCompilerTable(): Promise<CompilerTable> {
  const now = ENTRIES.filter(({ types }) => types === undefined);
  const later = new LaterConfigs(ENTRIES.filter(({ types }) => types !== undefined));
  return { ...(await tableWith(await Promise.all(now.map((entry) => entry.config())))), later };
}

async function tableWith(extensions: readonly ExtensionConfig[]): Promise<CompilerTable> {
  return {
    listener: listenerCompiler,
    cluster: clusterCompiler,
    secret: (await import("./transport_sockets/tls/config.ts")).secretChecker,
    accessLogs: accessLogsCompiler,
    loadAssignment: loadAssignmentCompiler,
    extensions,
    support: [
      ...matcherSupport,
      ...headerValueSupport,
      ...routeSupport,
      ...formatSupport,
      ...dataSourceSupport,
      ...accessLogSupport,
      ...policySupport,
    ],
  };
}
