import type { TestContext } from "node:test";
import { type RunningProxy, type StartProxyOptions, startProxy } from "./start-proxy.ts";

/** As `startProxy`; the proxy ends with the test. */
export async function startTestProxy(t: TestContext, options: StartProxyOptions): Promise<RunningProxy> {
  const proxy = await startProxy(options);
  t.after(() => proxy.kill());
  return proxy;
}
