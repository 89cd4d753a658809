import type { LogLevel } from "../base/log.ts";
import type { ActorsView, ProfilesView } from "./actors/actors-view.ts";
import type { WorkersView } from "./actors/workers-view.ts";
import type { ClustersView } from "./clusters/clusters-view.ts";
import type { MembershipView } from "./clusters/membership-view.ts";
import type { ConfigView } from "./config-view.ts";
import type { Control } from "./control.ts";
import type { ExplainView } from "./explain/explain-view.ts";
import type { Json } from "./json-value.ts";
import type { ListenersView } from "./listeners-view.ts";
import type { ListingsView } from "./listings-view.ts";
import type { LiveView } from "./live/live-view.ts";
import type { ServerView } from "./server-view.ts";
import type { StatsView } from "./stats-view.ts";

/**
 * What the admin pages read and may do. The actors implement these; the handlers know nothing else of the proxy. A view
 * that has to ask other threads answers within its own deadline with what it has, and says who is missing.
 */
export interface AdminViews {
  readonly server: ServerView;
  readonly stats: StatsView;
  readonly clusters: ClustersView;
  readonly certificates: CertificatesView;
  readonly listeners: ListenersView;
  readonly config: ConfigView;
  readonly runtime: RuntimeView;
  readonly logging: LoggingView;
  readonly actors: ActorsView;
  readonly profiles: ProfilesView;
  readonly membership: MembershipView;
  readonly workers: WorkersView;
  readonly listings: ListingsView;
  readonly live: LiveView;
  readonly explain: ExplainView;
  readonly control: Control;
}

/** The TLS certificates in force. */
export interface CertificatesView {
  /** As `envoy.admin.v3.Certificates`. */
  certificates(): Json;
}

/** The layers of runtime values. */
export interface RuntimeView {
  /** Lowest first. */
  layers(): readonly { readonly name: string; readonly values: ReadonlyMap<string, string> }[];
  /** Sets values of the admin layer, on all threads; an empty one takes its key away. False if there is no such layer. */
  modify(values: ReadonlyMap<string, string>): boolean;
}

/** The log levels of the components, on all threads. */
export interface LoggingView {
  /** The components, by name. */
  levels(): readonly { readonly name: string; readonly level: LogLevel }[];
  setAll(level: LogLevel): void;
  /** Returns false and changes nothing if one of the names is unknown. */
  set(levels: ReadonlyMap<string, LogLevel>): boolean;
}
