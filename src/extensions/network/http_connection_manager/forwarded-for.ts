import { parseIp } from "../../../match/ip-address.ts";

/** What `x-forwarded-for` says of the client. */
export interface ForwardedFor {
  /** `""` if the header is absent, too short for the number of hops, or no address stands at that place. */
  readonly ip: string;
  /** Whether the header is a single address; only then can a request be internal. */
  readonly single: boolean;
}

const NOTHING: ForwardedFor = { ip: "", single: false };
const MAX_ADDRESSES = 100;

/**
 * The address `skip` places from the right of `x-forwarded-for` (all its fields joined by commas). Source: Envoy's
 * `Utility::getLastAddressFromXFF`. More than 100 addresses are not looked through.
 */
export function lastAddressFromXff(header: string | undefined, skip: number): ForwardedFor {
  if (header === undefined) return NOTHING;
  const addresses = header.split(",", MAX_ADDRESSES + 1);
  if (addresses.length > MAX_ADDRESSES || skip >= addresses.length) return NOTHING;
  const text = addresses[addresses.length - 1 - skip]!.trim();
  if (parseIp(text) === null) return NOTHING;
  return { ip: text, single: addresses.length === 1 };
}
