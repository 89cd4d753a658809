import { STATUS_CODES } from "node:http";

/** The body that says no more than the status; empty for one without a name. */
export function statusText(status: number): string {
  return STATUS_CODES[status] ?? "";
}
