import pino from "pino";
import { LOG_LEVELS, type LogComponent, type Logger, type LogLevel } from "./log.ts";
import { createLogFormat, type LogEntry } from "./log-format.ts";

/** How the application log is written. Plain data: each thread makes its own from it. */
export interface ApplicationLogOptions {
  readonly level: LogLevel;
  /** Levels of single components, which go before `level`. */
  readonly componentLevels: readonly (readonly [component: string, level: LogLevel])[];
  /** `""` = standard error. */
  readonly path: string;
  /** See `createLogFormat`. */
  readonly format: string;
  readonly colours: boolean;
}

/** Pino's names for Envoy's levels. */
const PINO_LEVELS: Record<LogLevel, pino.LevelWithSilent> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  critical: "fatal",
  off: "silent",
};
const LEVEL_BY_NUMBER = new Map<number, LogLevel>([
  [10, "trace"],
  [20, "debug"],
  [30, "info"],
  [40, "warning"],
  [50, "error"],
  [60, "critical"],
]);

/**
 * The application log of one thread: pino with a destination of its own. Writing is synchronous, because what is logged here is
 * rare and must not be lost when the process ends or crashes. Components are named by the field `component`.
 */
export class ApplicationLog {
  readonly root: Logger;
  readonly #destination: ReturnType<typeof pino.destination>;
  readonly #loggers = new Set<WeakRef<pino.Logger>>();
  readonly #levels: Map<string, LogLevel>;
  #level: LogLevel;
  readonly #hasFile: boolean;

  /** Throws if the file can't be opened or the format is none. */
  constructor(thread: string, options: ApplicationLogOptions) {
    this.#level = options.level;
    this.#hasFile = options.path !== "";
    this.#levels = new Map(options.componentLevels);
    const format = createLogFormat(options.format, options.colours);
    this.#destination = pino.destination({ dest: options.path === "" ? 2 : options.path, sync: true, append: true });
    // A log that can't be written must not end the proxy.
    this.#destination.on("error", () => {});
    const write = (line: string): void => {
      this.#destination.write(`${format(entryOf(line, thread))}\n`);
    };
    const root = pino(
      {
        level: PINO_LEVELS[this.#level],
        base: null,
        serializers: { error: (error: unknown) => (error instanceof Error ? error.stack : error) },
        onChild: (child) => this.#adopt(child as pino.Logger),
      },
      { write },
    );
    this.#loggers.add(new WeakRef(root));
    this.root = root;
  }

  /** The logger of one component. */
  logger(component: LogComponent): Logger {
    return this.root.child({ component });
  }

  /** `component` empty = all, also those that have a level of their own. Loggers made earlier follow. */
  setLevel(component: string, level: LogLevel): void {
    if (component === "") {
      this.#level = level;
      this.#levels.clear();
    } else {
      this.#levels.set(component, level);
    }
    for (const reference of this.#loggers) {
      const logger = reference.deref();
      if (logger === undefined) this.#loggers.delete(reference);
      else logger.level = PINO_LEVELS[this.#levelOf(logger)];
    }
  }

  /** The general level and those of single components. */
  levels(): { readonly level: LogLevel; readonly components: ReadonlyMap<string, LogLevel> } {
    return { level: this.#level, components: this.#levels };
  }

  /** Opens the file anew, after it was rotated; standard error stays as it is. */
  reopen(): void {
    if (this.#hasFile) this.#destination.reopen();
  }

  #adopt(child: pino.Logger): void {
    this.#loggers.add(new WeakRef(child));
    child.level = PINO_LEVELS[this.#levelOf(child)];
  }

  #levelOf(logger: pino.Logger): LogLevel {
    const { component } = logger.bindings();
    return this.#levels.get(String(component ?? "")) ?? this.#level;
  }
}

/** A level by its name, Envoy's short `warn` included; undefined if it is none. */
export function parseLogLevel(name: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === (name === "warn" ? "warning" : name));
}

function entryOf(line: string, thread: string): LogEntry {
  const { time, level, msg, component, ...fields } = JSON.parse(line) as Record<string, unknown>;
  return {
    wallMs: Number(time),
    level: LEVEL_BY_NUMBER.get(Number(level)) ?? "info",
    thread,
    component: typeof component === "string" ? component : "main",
    message: String(msg ?? ""),
    fields,
  };
}
