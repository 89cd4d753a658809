import type { RequestHeaderMap } from "../http/header-map.ts";
import type { Span, SpanSettings } from "../http/span.ts";

/** Notes kept of one span; more are left out. */
const MOST_EVENTS = 32;
/** Longer values of tags are cut, so that headers of a client do not fill the memory. */
const MOST_TAG_CHARS = 4096;

/** Which part of an exchange a span is. */
export type SpanKind = "server" | "client";

/** What makes a span part of its trace. */
export interface SpanIdentity {
  readonly traceId: string;
  readonly spanId: string;
  /** `""` at the root of a trace. */
  readonly parentId: string;
  readonly sampled: boolean;
  /** W3C `tracestate`, handed on as it came. */
  readonly traceState: string;
  /** Zipkin: client and server of one exchange have one span together. */
  readonly shared: boolean;
}

/** What differs between the kinds of tracers. */
export interface SpanOwner {
  inject(span: RecordedSpan, headers: RequestHeaderMap): void;
  childIdentity(parent: RecordedSpan): SpanIdentity;
  /** A sampled span that is over. */
  report(span: RecordedSpan): void;
}

/** Something that happened during a span. */
export interface SpanEvent {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly name: string;
}

/**
 * A span that keeps what it is told until it is over. One that is not sampled keeps nothing.
 * Differs from Envoy: values of tags are cut after 4096 characters.
 */
export class RecordedSpan implements Span {
  readonly settings: SpanSettings;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly sampled: boolean;
  readonly traceState: string;
  readonly shared: boolean;
  readonly kind: SpanKind;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly tags = new Map<string, string>();
  readonly events: SpanEvent[] = [];
  name: string;
  /** -1 until it is over. */
  endMs = -1;
  readonly #owner: SpanOwner;

  constructor(
    owner: SpanOwner,
    settings: SpanSettings,
    identity: SpanIdentity,
    kind: SpanKind,
    name: string,
    startMs: number,
  ) {
    this.#owner = owner;
    this.settings = settings;
    this.traceId = identity.traceId;
    this.spanId = identity.spanId;
    this.parentId = identity.parentId;
    this.sampled = identity.sampled;
    this.traceState = identity.traceState;
    this.shared = identity.shared;
    this.kind = kind;
    this.name = name;
    this.startMs = startMs;
  }

  setOperation(name: string): void {
    this.name = name;
  }

  setTag(name: string, value: string): void {
    if (!this.sampled) return;
    this.tags.set(name, value.length > MOST_TAG_CHARS ? value.slice(0, MOST_TAG_CHARS) : value);
  }

  log(atMs: number, event: string): void {
    if (this.sampled && this.events.length < MOST_EVENTS) this.events.push({ atMs, name: event });
  }

  injectContext(headers: RequestHeaderMap): void {
    this.#owner.inject(this, headers);
  }

  spawnChild(name: string, startMs: number, sampled = this.sampled): RecordedSpan {
    const identity = { ...this.#owner.childIdentity(this), sampled };
    return new RecordedSpan(this.#owner, this.settings, identity, "client", name, startMs);
  }

  finish(endMs: number): void {
    this.endMs = endMs;
    if (this.sampled) this.#owner.report(this);
  }
}
