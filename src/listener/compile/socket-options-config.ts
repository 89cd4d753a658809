import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { SocketOption } from "../../proto/gen/envoy/config/core/v3/socket_option_pb.js";
import type { KeepAliveData, SocketOptionsData } from "../socket-options.ts";

/** Linux's numbers of the options that people set, by level and name. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["1 2", "SO_REUSEADDR"],
  ["1 7", "SO_SNDBUF"],
  ["1 8", "SO_RCVBUF"],
  ["1 9", "SO_KEEPALIVE"],
  ["1 13", "SO_LINGER"],
  ["1 15", "SO_REUSEPORT"],
  ["1 25", "SO_BINDTODEVICE"],
  ["1 36", "SO_MARK"],
  ["6 1", "TCP_NODELAY"],
  ["6 4", "TCP_KEEPIDLE"],
  ["6 5", "TCP_KEEPINTVL"],
  ["6 6", "TCP_KEEPCNT"],
  ["6 9", "TCP_DEFER_ACCEPT"],
  ["6 13", "TCP_CONGESTION"],
  ["6 18", "TCP_USER_TIMEOUT"],
  ["6 23", "TCP_FASTOPEN"],
  ["0 1", "IP_TOS"],
  ["0 15", "IP_FREEBIND"],
  ["0 19", "IP_TRANSPARENT"],
  ["41 67", "IPV6_TCLASS"],
]);
/** What the numbers may be; the kernel would refuse others. */
const MAX_KEEPALIVE_SECONDS = 32_767;
const MAX_KEEPALIVE_COUNT = 127;

/** What has been read of a list so far. */
interface Reading {
  keepAlive: boolean;
  readonly timing: { idleS: number; intervalS: number; count: number };
  typeOfService: number | null;
}

/**
 * Compiles `socket_options`, with Linux's numbers. Node.js can set some of them, and on connections only: they are set on each that is accepted,
 * whatever `state` says, which is as good, because connections inherit them from their listening socket. Others are refused by name.
 * Null if nothing is to be set.
 */
export function compileSocketOptions(
  options: readonly SocketOption[],
  place: Place,
  context: CompileContext,
): SocketOptionsData | null {
  const reading: Reading = {
    keepAlive: false,
    timing: { idleS: 0, intervalS: 0, count: 0 },
    typeOfService: null,
  };
  for (const [index, option] of options.entries()) readOption(option, reading, place.index(index), context);
  const keepAlive: KeepAliveData | null = reading.keepAlive ? reading.timing : null;
  const { typeOfService } = reading;
  return keepAlive === null && typeOfService === null ? null : { keepAlive, typeOfService };
}

function readOption({ level, name, value }: SocketOption, to: Reading, place: Place, context: CompileContext): void {
  const known = NAMES.get(`${level} ${name}`);
  const number = value.case === "intValue" ? Number(value.value) : undefined;
  const inRange = (max: number): number => {
    if (number !== undefined && number >= 1 && number <= max) return number;
    context.error(place.field("int_value"), `${known} must be a number from 1 to ${max}`);
    return 1;
  };
  switch (known) {
    case "SO_KEEPALIVE":
      to.keepAlive = number !== 0;
      return;
    case "TCP_KEEPIDLE":
      to.timing.idleS = inRange(MAX_KEEPALIVE_SECONDS);
      return;
    case "TCP_KEEPINTVL":
      to.timing.intervalS = inRange(MAX_KEEPALIVE_SECONDS);
      return;
    case "TCP_KEEPCNT":
      to.timing.count = inRange(MAX_KEEPALIVE_COUNT);
      return;
    case "IP_TOS":
    case "IPV6_TCLASS":
      if (number !== undefined && number >= 0 && number <= 255) to.typeOfService = number;
      else context.error(place.field("int_value"), `${known} must be a number from 0 to 255`);
      return;
    case "SO_REUSEADDR":
    case "TCP_NODELAY":
      // Always so; other values can't be had.
      if (number === 1) return;
      context.unsupported(place.field("int_value"), `${known} is always 1`);
      return;
    default: {
      const hint = known === "SO_REUSEPORT" ? "see enable_reuse_port" : "such as SO_KEEPALIVE, TCP_KEEPIDLE, IP_TOS";
      context.unsupported(place, `Node.js can't set ${known ?? `the socket option ${name} of level ${level}`}`, hint);
    }
  }
}
