import { threadStart } from "../../src/actor/thread/thread-start.ts";
import { ApplicationLog } from "../../src/base/application-log.ts";
import { systemClock } from "../../src/base/clock.ts";
import { EventClock } from "../../src/base/event-clock.ts";
import { SystemRandom } from "../../src/base/random.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";
import { LoadedExtensions } from "../../src/extensions/worker-extensions.ts";
import { WriteFlusher } from "../../src/net/write-flusher.ts";
import type { WorkerThreadData } from "./protocol.ts";
import { ProxyRuntime } from "./proxy-runtime.ts";
import type { ProxySettings } from "./proxy-settings.ts";
import { runWorker } from "./run-worker.ts";

/** Entry script of a worker's thread. */
const extensions = new LoadedExtensions();
await extensions.loadUsual();
const start = await threadStart();
const data = start.data as WorkerThreadData;
const settings = data.shared as ProxySettings;
const log = new ApplicationLog(data.worker, settings.log);
const clock = new EventClock(systemClock);

runWorker(start, data, {
  clock,
  timers: new TimerWheel(clock),
  random: new SystemRandom(),
  log: log.logger("worker"),
  createRuntime: (services) => {
    const runtime = new ProxyRuntime(services, settings, extensions, log, new WriteFlusher(clock));
    // Also when the thread dies of an error: what was logged before is what tells why.
    process.once("exit", () => runtime.flushLogs());
    return runtime;
  },
});
