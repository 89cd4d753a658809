import pino from "pino";

/** Envoy's level names, most verbose first. */
export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "critical", "off"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The parts of Troupe whose lines can have a level of their own, by the names they log under. */
export const LOG_COMPONENTS = ["filter", "main", "stats", "upstream", "worker"] as const;
export type LogComponent = (typeof LOG_COMPONENTS)[number];

/** Writes the application log of one component. Objects become fields of the line; the message comes last. */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
  /** A logger for a part of this component; its fields stand on each line. */
  child(fields: object): Logger;
}

/** A logger that drops everything; for tests and for code used outside a running proxy. */
export const silentLogger: Logger = pino({ level: "silent" });
