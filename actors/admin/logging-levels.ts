import type { ActorRef } from "../../src/actor/actor-ref.ts";
import type { LoggingView } from "../../src/admin/views.ts";
import type { ApplicationLog } from "../../src/base/application-log.ts";
import { LOG_COMPONENTS, type LogLevel } from "../../src/base/log.ts";
import type { SupervisorMessage } from "../supervisor/protocol.ts";

const COMPONENTS: readonly string[] = LOG_COMPONENTS;

/** The log levels: of the main thread at once, of the workers as soon as they read the message. */
export function loggingLevels(log: ApplicationLog, supervisor: ActorRef<SupervisorMessage>): LoggingView {
  const set = (component: string, level: LogLevel): void => {
    log.setLevel(component, level);
    supervisor.tell({ type: "broadcast", message: { type: "setLogLevel", component, level } });
  };
  return {
    levels() {
      const { level, components } = log.levels();
      return COMPONENTS.map((name) => ({ name, level: components.get(name) ?? level }));
    },
    setAll: (level) => set("", level),
    set(levels) {
      for (const name of levels.keys()) if (!COMPONENTS.includes(name)) return false;
      for (const [name, level] of levels) set(name, level);
      return true;
    },
  };
}
