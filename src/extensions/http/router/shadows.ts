import type { RequestHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { mirrorCluster, type RequestMirrorData, shadowAuthority } from "../../../route/request-mirror.ts";
import type { RouterRuntime } from "./router-runtime.ts";
import { Shadow, type ShadowSettings } from "./shadow.ts";

/** The copies of one request, while it is still coming. */
export class Shadows {
  readonly #shadows: readonly Shadow[];

  private constructor(shadows: readonly Shadow[]) {
    this.#shadows = shadows;
  }

  /**
   * Begins the copies that `policies` ask for; null if there are none, or if the request has no body to wait for (`endStream`). A cluster that does
   * not exist gets none.
   * Differs from Envoy: besides CONNECT no other request for an upgrade is copied either: what follows it is no request.
   */
  static begin(
    policies: readonly RequestMirrorData[],
    headers: RequestHeaderMap,
    endStream: boolean,
    { clusters, random, settings: values }: RouterRuntime,
    settings: ShadowSettings,
  ): Shadows | null {
    if (headers.method === "CONNECT" || headers.has("upgrade")) return null;
    const shadows: Shadow[] = [];
    for (const policy of policies) {
      const name = mirrorCluster(policy, headers, values, policy.fraction === null ? 0 : random.uint32());
      const cluster = name === "" ? undefined : clusters.get(name);
      if (cluster === undefined) continue;
      const shadow = new Shadow(cluster, settings);
      const copy = headers.clone();
      if (policy.appendsShadow) copy.authority = shadowAuthority(copy.authority);
      shadow.start(copy, endStream, policy.traceSampled);
      shadows.push(shadow);
    }
    return endStream || shadows.length === 0 ? null : new Shadows(shadows);
  }

  sendData(bytes: Buffer, endStream: boolean): void {
    for (const shadow of this.#shadows) shadow.sendData(bytes, endStream);
  }

  sendTrailers(trailers: TrailerMap): void {
    for (const shadow of this.#shadows) shadow.sendTrailers(trailers);
  }

  cancel(): void {
    for (const shadow of this.#shadows) shadow.cancel();
  }
}
