import type net from "node:net";

/** How long an address may take before the next one is tried. */
const ATTEMPT_TIMEOUT_MS = 300;
/** Nobody looks this name up: it stands for the list. */
const NAME = "host.invalid";

/** What of a socket's options says where to connect to, beside the port. */
export type TargetOptions = Pick<
  net.TcpSocketConnectOpts,
  "host" | "lookup" | "autoSelectFamily" | "autoSelectFamilyAttemptTimeout"
>;

/**
 * Connects to the first of a host's addresses that takes the connection: `ip`, then those of `additional`, the IP families by turns. One that
 * refuses, or has not answered after 300 ms, makes room for the next; the last one has as long as the connection may take.
 * Source: RFC 8305 §4–5. Differs from Envoy: an address that was too slow is given up, and not waited for beside the next ones.
 */
export function targetOptions(ip: string, additional: readonly string[]): TargetOptions {
  if (additional.length === 0) return { host: ip };
  const addresses = [ip, ...additional].map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return {
    host: NAME,
    // As a real look-up, it answers later.
    lookup: (_name, _options, done) => process.nextTick(done, null, addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS,
  };
}
