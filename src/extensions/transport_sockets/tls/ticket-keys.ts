import type { SecureContext } from "node:tls";
import { SystemRandom } from "../../../base/random.ts";

const PART_BYTES = 16;
/** Of tickets, so none that a test could choose. */
const random = new SystemRandom();
/** What the callback answers: the ticket is not ours, is good, or is good and to be replaced by a new one. */
const UNKNOWN = 0;
const GOOD = 1;
const GOOD_AND_OLD = 2;

type TicketAnswer = readonly [outcome: number, hmacKey: Buffer, aesKey: Buffer, name: Buffer, iv: Buffer];

/**
 * What has no documented name: Node's documented way takes one key. `test/unit/.../ticket-keys.test.ts` fails if Node changes it.
 */
interface SecureContextInternals {
  readonly context: {
    onticketkeycallback(name: Buffer, iv: Buffer, isNew: boolean): TicketAnswer;
    enableTicketKeyCallback(): void;
  };
}

/**
 * Makes a context seal new tickets with the first of these keys (48 bytes each: name, HMAC key, AES key) and read those of all. Whoever comes with a
 * ticket of another than the first gets a new one. Source: Envoy's `ServerContextImpl::sessionTicketProcess`.
 */
export function takeTicketsOf(secureContext: SecureContext, keys: readonly Buffer[]): void {
  const { context } = secureContext as unknown as SecureContextInternals;
  const parts = keys.map((key) => ({
    name: key.subarray(0, PART_BYTES),
    hmac: key.subarray(PART_BYTES, 2 * PART_BYTES),
    aes: key.subarray(2 * PART_BYTES, 3 * PART_BYTES),
  }));
  const first = parts[0]!;
  // It is called inside of the library, which must not see an exception.
  context.onticketkeycallback = (name, iv, isNew) => {
    if (isNew) return [GOOD, first.hmac, first.aes, first.name, Buffer.from(random.bytes(PART_BYTES))];
    const found = parts.find((key) => key.name.equals(name));
    if (found === undefined) return [UNKNOWN, first.hmac, first.aes, first.name, iv];
    return [found === first ? GOOD : GOOD_AND_OLD, found.hmac, found.aes, found.name, iv];
  };
  context.enableTicketKeyCallback();
}
