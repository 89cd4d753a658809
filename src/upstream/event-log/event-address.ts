import type { Address } from "../../net/address.ts";

/** An address as the JSON of `envoy.config.core.v3.Address` with all its fields, as Envoy writes it into event logs. */
export function eventAddress(address: Address): object {
  if (address.type === "pipe") return { pipe: { path: address.path, mode: address.mode } };
  return {
    socket_address: {
      protocol: "TCP",
      address: address.ip,
      resolver_name: "",
      ipv4_compat: false,
      port_value: address.port,
    },
  };
}
