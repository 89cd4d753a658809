import type { Host } from "../host.ts";
import { OutlierCell } from "./outlier-cells.ts";
import type { ConsecutiveType, OutlierThresholdsData } from "./outlier-data.ts";

/** What Envoy makes of a failure to connect where such failures are not counted apart. */
const CONNECT_FAILED_STATUS = 503;

/**
 * Counts what becomes of requests to the hosts of a cluster with outlier detection, on one worker, in memory that all workers share: five
 * failures in a row are five of the whole process. Tells when there are so many. Source: Envoy's `DetectorHostMonitorImpl`.
 */
export class OutlierReports {
  readonly #thresholds: OutlierThresholdsData;
  readonly #onTripped: (host: Host, type: ConsecutiveType) => void;

  /** `onTripped` is called once each time that a host reaches a threshold. */
  constructor(thresholds: OutlierThresholdsData, onTripped: (host: Host, type: ConsecutiveType) => void) {
    this.#thresholds = thresholds;
    this.#onTripped = onTripped;
  }

  /** The host has answered. For gRPC the status that stands for the one of gRPC. */
  answered(host: Host, status: number): void {
    const cells = host.outlierCells;
    if (cells === null) return;
    cells.increment(OutlierCell.externalTotal);
    if (status < 500) {
      cells.increment(OutlierCell.externalSuccess);
      cells.reset(OutlierCell.consecutive5xx);
      cells.reset(OutlierCell.consecutiveGatewayFailure);
      return;
    }
    const { consecutiveGatewayFailure, consecutive5xx } = this.#thresholds;
    if (status >= 502 && status <= 504) {
      const failures = cells.increment(OutlierCell.consecutiveGatewayFailure);
      if (failures === consecutiveGatewayFailure) this.#onTripped(host, "CONSECUTIVE_GATEWAY_FAILURE");
    } else {
      cells.reset(OutlierCell.consecutiveGatewayFailure);
    }
    if (cells.increment(OutlierCell.consecutive5xx) === consecutive5xx) this.#onTripped(host, "CONSECUTIVE_5XX");
  }

  /** A connection was made for a request, whose answer is yet to come. */
  connected(host: Host): void {
    if (this.#thresholds.splitsLocalOrigin) this.#localSuccess(host);
  }

  /** A connection was made, which is all there is to tell of the host: TCP. */
  served(host: Host): void {
    if (this.#thresholds.splitsLocalOrigin) this.#localSuccess(host);
    else this.answered(host, 200);
  }

  /** There was no connection, or it ended before the answer. */
  failed(host: Host): void {
    if (this.#thresholds.splitsLocalOrigin) this.#localFailure(host);
    else this.answered(host, CONNECT_FAILED_STATUS);
  }

  /** No answer in time; `status` is what the client gets. */
  timedOut(host: Host, status: number): void {
    if (this.#thresholds.splitsLocalOrigin) this.#localFailure(host);
    else this.answered(host, status);
  }

  #localSuccess(host: Host): void {
    const cells = host.outlierCells;
    if (cells === null) return;
    cells.increment(OutlierCell.localTotal);
    cells.increment(OutlierCell.localSuccess);
    cells.reset(OutlierCell.consecutiveLocalOriginFailure);
  }

  #localFailure(host: Host): void {
    const cells = host.outlierCells;
    if (cells === null) return;
    cells.increment(OutlierCell.localTotal);
    const failures = cells.increment(OutlierCell.consecutiveLocalOriginFailure);
    if (failures === this.#thresholds.consecutiveLocalOriginFailure) {
      this.#onTripped(host, "CONSECUTIVE_LOCAL_ORIGIN_FAILURE");
    }
  }
}
