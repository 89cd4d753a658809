import { type BodyData, FilterDataStatus, FilterTrailersStatus } from "../../http/filter.ts";
import { PassThroughFilter } from "../../http/pass-through-filter.ts";
import type { BodyPump } from "./body-pump.ts";

/** An HTTP filter whose bodies go through pumps: a direction whose headers have set one. The other passes as it is. */
export abstract class PumpedFilter extends PassThroughFilter {
  protected request: BodyPump | null = null;
  protected response: BodyPump | null = null;

  override decodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    return this.request?.pass(data, endStream) ?? FilterDataStatus.continue;
  }

  override decodeTrailers(): FilterTrailersStatus {
    return this.request?.finish() ?? FilterTrailersStatus.continue;
  }

  override encodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    return this.response?.pass(data, endStream) ?? FilterDataStatus.continue;
  }

  override encodeTrailers(): FilterTrailersStatus {
    return this.response?.finish() ?? FilterTrailersStatus.continue;
  }

  override onDestroy(): void {
    this.request?.destroy();
    this.response?.destroy();
  }
}
