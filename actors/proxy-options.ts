import type { JsonObject } from "../src/admin/json-value.ts";
import type { ApplicationLogOptions } from "../src/base/application-log.ts";
import type { CompileRequest } from "../src/config/compiler/compile-request.ts";
import type { CommandLine } from "./command-line.ts";

/** How the application log is written, from the command line. `terminal` says whether standard error is one. */
export function logOptions(commandLine: CommandLine, terminal: boolean): ApplicationLogOptions {
  return {
    level: commandLine.logLevel,
    componentLevels: [...commandLine.componentLogLevels],
    path: commandLine.logPath,
    format: commandLine.logFormat,
    colours: terminal && commandLine.logPath === "",
  };
}

/** What is compiled, from the command line. */
export function compileRequest(commandLine: CommandLine): CompileRequest {
  const { configPath, configYaml, serviceNode, serviceCluster, serviceZone } = commandLine;
  return {
    ...(configPath !== "" && { path: configPath }),
    ...(configYaml !== "" && { texts: [{ file: "--config-yaml", content: configYaml }] }),
    node: {
      ...(serviceNode !== "" && { id: serviceNode }),
      ...(serviceCluster !== "" && { cluster: serviceCluster }),
      ...(serviceZone !== "" && { zone: serviceZone }),
    },
    allowUnsupported: commandLine.allowUnsupported,
  };
}

/**
 * `command_line_options` of `/server_info`.
 * Differs from Envoy: `config_yaml` is not shown, because it may hold secrets; `/config_dump` shows it without them.
 */
export function commandLineOptions(commandLine: CommandLine): JsonObject {
  return {
    concurrency: commandLine.concurrency,
    config_path: commandLine.configPath,
    config_yaml: commandLine.configYaml === "" ? "" : "[redacted]",
    admin_address_path: commandLine.adminAddressPath,
    local_address_ip_version: commandLine.localAddressIpVersion,
    log_level: commandLine.logLevel,
    log_format: commandLine.logFormat,
    log_path: commandLine.logPath,
    mode: { serve: "Serve", validate: "Validate", init_only: "InitOnly" }[commandLine.mode],
    drain_time: `${commandLine.drainTimeS}s`,
    drain_strategy: { gradual: "Gradual", immediate: "Immediate" }[commandLine.drainStrategy],
    parent_shutdown_time: `${commandLine.parentShutdownTimeS}s`,
    service_cluster: commandLine.serviceCluster,
    service_node: commandLine.serviceNode,
    service_zone: commandLine.serviceZone,
    file_flush_interval: `${commandLine.fileFlushIntervalMs / 1000}s`,
  };
}
