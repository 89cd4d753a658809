import type { Actor, ActorContext, ActorSpec } from "../../src/actor/actor.ts";
import type { AdminRouter } from "../../src/admin/admin-router.ts";
import type { Watching } from "../../src/admin/live/live-view.ts";
import { type Address, formatAddress } from "../../src/net/address.ts";
import { type AdminLimits, AdminServer, DEFAULT_ADMIN_LIMITS, listenFailure } from "./admin-server.ts";
import type { AdminStats } from "./admin-stats.ts";
import type { AdminAddress, AdminMessage } from "./protocol.ts";

/** What the admin actor is made of. */
export interface AdminOptions {
  readonly address: Address;
  readonly router: AdminRouter;
  readonly stats: AdminStats;
  readonly limits?: Partial<AdminLimits>;
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
  #address: AdminAddress = { type: "notListening", reason: "not started" };

  constructor(context: ActorContext<AdminMessage>, options: AdminOptions) {
    this.#context = context;
    this.#options = options;
    const { log, clock, timers } = context;
    const limits = { ...DEFAULT_ADMIN_LIMITS, ...options.limits };
    this.#server = new AdminServer({ router: options.router, stats: options.stats, clock, timers, log, limits });
  }

  async start(): Promise<void> {
    const { address } = this.#options;
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

  stop(): Promise<void> {
    return this.#server.close();
  }
}
