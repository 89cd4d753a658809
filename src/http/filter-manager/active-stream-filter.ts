import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { LocalReply, StreamFilterCallbacks } from "../filter.ts";
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from "../header-map.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { StreamRoute } from "../stream-route.ts";
import type { FilterHost } from "./filter-host.ts";
import { ActiveFilter, type FilterPass } from "./filter-pass.ts";

const NOTHING: readonly unknown[] = [];

/** What the callbacks of both directions have in common: what any filter may ask of its stream. */
export abstract class ActiveStreamFilter<Headers extends HeaderMap>
  extends ActiveFilter<Headers>
  implements StreamFilterCallbacks
{
  protected readonly host: FilterHost;

  constructor(name: string, pass: FilterPass<Headers>, host: FilterHost) {
    super(name, pass);
    this.host = host;
  }

  get streamInfo(): StreamInfo {
    return this.host.streamInfo;
  }
  get timers(): TimerWheel {
    return this.host.timers;
  }
  route(): StreamRoute | null {
    return this.host.route();
  }
  clearRouteCache(): void {
    this.host.clearRouteCache();
  }
  perFilterConfig(): unknown {
    return this.host.route()?.perFilterConfig(this.name);
  }
  perFilterConfigs(): readonly unknown[] {
    return this.host.route()?.perFilterConfigs(this.name) ?? NOTHING;
  }
  requestHeaders(): RequestHeaderMap {
    return this.host.requestHeaders!;
  }
  responseHeaders(): ResponseHeaderMap | null {
    return this.host.responseHeaders;
  }
  resetStream(): void {
    this.host.resetStream();
  }
  sendLocalReply(reply: LocalReply): void {
    this.host.sendLocalReply(reply);
  }
}
