import { type UdpBinding, UdpSocket } from "../../net/udp-socket.ts";
import { bindError } from "../bind-socket.ts";
import type { ListeningSocketSpec } from "../listening-socket-spec.ts";

const NOBODY = { onDatagram() {}, onReceiveError() {} };

/**
 * The port of a UDP address that workers are to bind: that of the spec, or a free one for 0. Throws an error that says which address of which listener
 * can't be bound, and why. `ours`: the process has sockets on this port already.
 */
export function probeUdpPort(spec: ListeningSocketSpec, ours: boolean): number {
  const { address, ipv6Only } = spec;
  if (address.type !== "ip") throw new Error(`cannot bind ${address.path} here: it is no UDP address`);
  const binding: UdpBinding = { ip: address.ip, port: address.port, ipv6Only, reusePort: ours };
  try {
    // Alone, because SO_REUSEPORT would share the port with another process that has it, too, instead of failing.
    const socket = UdpSocket.bound(binding, NOBODY);
    const { port } = socket;
    socket.close();
    return port;
  } catch (error) {
    throw bindError(error, address, spec.listener);
  }
}
