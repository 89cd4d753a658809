import { accessLogSupport } from "../access-log/config.ts";
import type { CompilerTable } from "../config/compiler-table.ts";
import { dataSourceSupport } from "../config/data-source.ts";
import type { ExtensionConfig } from "../config/extension-config.ts";
import { formatSupport } from "../http/format/config.ts";
import { listenerCompiler } from "../listener/config.ts";
import { headerValueSupport } from "../route/compile/header-mutations.ts";
import { matcherSupport } from "../route/compile/matchers.ts";
import { routeSupport } from "../route/compile/route-support.ts";

import { policySupport } from "../upstream/compile/cluster-support.ts";
import { clusterCompiler, loadAssignmentCompiler } from "../upstream/config.ts";
import {
  ACCESS_LOGGERS,
  HTTP_FILTERS,
  LISTENER_FILTERS,
  NETWORK_FILTERS,
  OTHER_EXTENSIONS,
  TRANSPORT_SOCKETS,
} from "./table.ts";

/** Loads the main-side halves of all extensions. */
export async function loadExtensionConfigs(): Promise<ExtensionConfig[]> {
  const entries = [
    ...HTTP_FILTERS,
    ...LISTENER_FILTERS,
    ...NETWORK_FILTERS,
    ...ACCESS_LOGGERS,
    ...TRANSPORT_SOCKETS,
    ...OTHER_EXTENSIONS,
  ];
  return Promise.all(entries.map((entry) => entry.config()));
}

/** Everything that takes part in compiling a configuration. Loaded on the compiler thread, by the module's path. */
export async function loadCompilerTable(): Promise<CompilerTable> {
  return {
    listener: listenerCompiler,
    cluster: clusterCompiler,
    secret: (await import("./transport_sockets/tls/config.ts")).secretChecker,
    loadAssignment: loadAssignmentCompiler,
    extensions: await loadExtensionConfigs(),
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
