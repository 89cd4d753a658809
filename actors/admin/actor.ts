import type { Actor, ActorContext, ActorSpec } from "../../src/actor/actor.ts";
import { describeError } from "../../src/actor/ask-error.ts";
import type { AdminRouter } from "../../src/admin/admin-router.ts";
import type { Watching } from "../../src/admin/live/live-view.ts";
import { type Address, formatAddress } from "../../src/net/address.ts";
import type { AdminAccessLog, AdminAccessLogOptions, AdminExchange } from "./access-log.ts";
import { type AdminLimits, AdminServer, DEFAULT_ADMIN_LIMITS, listenFailure } from "./admin-server.ts";
import type { AdminStats } from "./admin-stats.ts";
import type { AdminAddress, AdminMessage } from "./protocol.ts";

/** What the admin actor is made of. */
export interface AdminOptions {
  readonly address: Address;
  readonly router: AdminRouter;
  readonly stats: AdminStats;
  readonly limits?: Partial<AdminLimits>;
  /** Absent or null: no access log. */
  readonly accessLog?: AdminAccessLogOptions | null;
  /** How much watching there is, for its state. */
  readonly watching: () => Watching;
}

/**
 * Spec of the actor that serves the admin interface. An address that can't be listened on is no crash: a restart would
 * not help, and whoever asks for the address hears the reason.
 */
export function adminSpec(options: AdminOptions): ActorSpec<AdminMessage> {
  return { name: "admin", kind: "admin", create: (context) => new AdminActor(context, options) };
}

class AdminActor implements Actor<AdminMessage> {
  readonly #context: ActorContext<AdminMessage>;
  readonly #options: AdminOptions;
  readonly #server: AdminServer;
  #accessLog: AdminAccessLog | undefined;
  #address: AdminAddress = { type: "notListening", reason: "not started" };

  constructor(context: ActorContext<AdminMessage>, options: AdminOptions) {
    this.#context = context;
    this.#options = options;
    const { log, clock, timers } = context;
    const limits = { ...DEFAULT_ADMIN_LIMITS, ...options.limits };
    const { router, stats } = options;
    const onExchange = (exchange: AdminExchange): void => this.#accessLog?.log(exchange);
    this.#server = new AdminServer({ router, stats, clock, timers, log, limits, onExchange });
  }

  async start(): Promise<void> {
    const { address, accessLog } = this.#options;
    try {
      if (accessLog != null) this.#accessLog = await openAccessLog(accessLog);
    } catch (error) {
      this.#address = { type: "notListening", reason: `admin: ${describeError(error)}` };
      return;
    }
    try {
      const bound = await this.#server.listen(address);
      this.#address = { type: "listening", address: bound };
      this.#context.setAttribute("address", formatAddress(bound));
      this.#context.log.info({ address: formatAddress(bound) }, "admin address");
    } catch (error) {
      this.#address = { type: "notListening", reason: listenFailure(address, error) };
      this.#context.setAttribute("address", "not listening");
    }
  }

  receive(message: AdminMessage): void {
    if (message.type === "getAdminAddress") this.#context.reply(message, this.#address);
    else if (message.type === "reopenAdminLogs") this.#accessLog?.reopen();
    else this.#context.unhandled(message);
  }

  inspect(): unknown {
    const { limits } = this.#options;
    return {
      ...this.#address,
      connections: this.#server.connectionCount,
      watching: this.#options.watching(),
      limits: { ...DEFAULT_ADMIN_LIMITS, ...limits },
    };
  }

  async stop(): Promise<void> {
    await this.#server.close();
    await this.#accessLog?.close();
  }
}

/** Most configurations have none, and need not load what formats lines. */
async function openAccessLog(options: AdminAccessLogOptions): Promise<AdminAccessLog> {
  const { AdminAccessLog } = await import("./access-log.ts");
  return AdminAccessLog.open(options);
}
